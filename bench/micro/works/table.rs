//! Lookup tables: of a million rows where caches matter, and of fewer where
//! instructions are counted.

use std::{fmt::Write as _, hint::black_box};

use cdr_gateway::plugin::Table;

use crate::work::{Doing, Work};

const MANY: u64 = 1_000_000;
const SOME: u64 = 50_000;
const FEW: u64 = 10_000;

/// Keys that are asked for in turn: more than caches remember the way to.
const ASKED: u64 = 1 << 14;

pub const WORKS: &[Work] = &[
    Work::new("table/exact", || exact(SOME)).counted(ASKED),
    Work::new("table/exact-not-there", || exact_not_there(SOME)).counted(ASKED),
    Work::new("table/prefix", || prefix(SOME)).counted(ASKED),
    Work::new("table/prefix-not-there", || prefix_not_there(SOME)).counted(ASKED),
    Work::new("table/exact-of-a-million", || exact(MANY)).timed(),
    Work::new("table/prefix-of-a-million", || prefix(MANY)).timed(),
    Work::new("table/load-10k", load).counted(1),
    Work::new("table/load-a-million", load_many).timed(),
];

/// A mobile number: all differ, in no order.
fn mobile(index: u64) -> u64 {
    13_000_000_000 + index * 7_919_773 % 10_000_000_000
}

/// Numbers with customers of their own.
fn customers(rows: u64) -> String {
    let mut text = String::from("tel,name\n");
    for index in 0..rows {
        writeln!(text, "{},customer {index}", mobile(index)).unwrap();
    }
    text
}

/// Prefixes of seven to nine digits, with a few hundred places.
fn prefixes(rows: u64) -> String {
    let mut text = String::from("prefix,place\n");
    for index in 0..rows {
        let length = match index % 3 {
            0 => 7,
            1 => 8,
            _ => 9,
        };
        let number = mobile(index).to_string();
        writeln!(text, "{},place {}", &number[..length], index % 500).unwrap();
    }
    text
}

fn table(text: &str) -> Table {
    Table::parse("micro.csv", text.as_bytes(), None, &[]).unwrap()
}

/// Keys of rows from `first` on.
fn asked(first: u64, rows: u64) -> Vec<String> {
    let index = |ask: u64| first + ask * 61 % rows;
    (0..ASKED)
        .map(|ask| mobile(index(ask)).to_string())
        .collect()
}

/// Asks a table for one key after the other.
fn ask(table: Table, keys: Vec<String>, ask: fn(&Table, &str) -> bool) -> Doing {
    let mut next = 0;
    Box::new(move || {
        black_box(ask(&table, black_box(&keys[next])));
        next = (next + 1) % keys.len();
    })
}

fn look_up(table: &Table, key: &str) -> bool {
    table.lookup(key).is_some()
}

fn look_up_prefix(table: &Table, key: &str) -> bool {
    table.lookup_prefix(key).is_some()
}

fn exact(rows: u64) -> Doing {
    ask(table(&customers(rows)), asked(0, rows), look_up)
}

fn exact_not_there(rows: u64) -> Doing {
    ask(table(&customers(rows)), asked(rows, rows), look_up)
}

fn prefix(rows: u64) -> Doing {
    ask(table(&prefixes(rows)), asked(0, rows), look_up_prefix)
}

fn prefix_not_there(rows: u64) -> Doing {
    let elsewhere = asked(0, rows).iter().map(|key| format!("1{key}")).collect();
    ask(table(&prefixes(rows)), elsewhere, look_up_prefix)
}

fn load() -> Doing {
    let text = customers(FEW);
    Box::new(move || drop(black_box(table(&text))))
}

fn load_many() -> Doing {
    let text = customers(MANY);
    Box::new(move || drop(black_box(table(&text))))
}
