//! The names that an expression uses, found by walking it.

use std::collections::BTreeSet;

use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators,
};

/// What stands between `cdr` and a place of the record.
pub type Path = Vec<String>;

/// The names that an expression uses.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Places of the record. The empty path is the whole of it.
    pub paths: BTreeSet<Path>,
    /// Tags, by name.
    pub tags: BTreeSet<String>,
    /// Whether tags are used other than by name: all of them are needed.
    pub all_tags: bool,
    /// Whether `kind` is used.
    pub kind: bool,
    /// Whether `source` is used.
    pub source: bool,
    /// Names that are no variable of ours: types, or mistakes.
    pub others: BTreeSet<String>,
    /// Functions that are called by name.
    pub functions: BTreeSet<String>,
}

impl Names {
    pub fn of(expression: &IdedExpr) -> Self {
        let mut names = Self::default();
        names.visit(&expression.expr, &mut Vec::new());
        names
    }

    fn visit<'e>(&mut self, expr: &'e Expr, locals: &mut Vec<&'e str>) {
        if let Some((root, path)) = chain(expr)
            && !locals.contains(&root)
        {
            return self.note(root, path);
        }
        match expr {
            Expr::Unspecified | Expr::Literal(_) | Expr::Ident(_) => {}
            Expr::Select(select) => self.visit(&select.operand.expr, locals),
            Expr::Call(call) => self.visit_call(call, locals),
            Expr::Comprehension(comprehension) => self.visit_comprehension(comprehension, locals),
            Expr::List(list) => {
                for element in &list.elements {
                    self.visit(&element.expr, locals);
                }
            }
            Expr::Map(map) => {
                for entry in &map.entries {
                    self.visit_entry(&entry.expr, locals);
                }
            }
            Expr::Struct(structure) => {
                for entry in &structure.entries {
                    self.visit_entry(&entry.expr, locals);
                }
            }
        }
    }

    fn visit_call<'e>(&mut self, call: &'e CallExpr, locals: &mut Vec<&'e str>) {
        // Operators have names that no identifier has.
        let by_name = call
            .func_name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_');
        if by_name {
            self.functions.insert(call.func_name.clone());
        }
        if let Some(target) = &call.target {
            self.visit(&target.expr, locals);
        }
        for argument in &call.args {
            self.visit(&argument.expr, locals);
        }
    }

    fn visit_comprehension<'e>(
        &mut self,
        comprehension: &'e ComprehensionExpr,
        locals: &mut Vec<&'e str>,
    ) {
        self.visit(&comprehension.iter_range.expr, locals);
        self.visit(&comprehension.accu_init.expr, locals);
        let outside = locals.len();
        locals.push(&comprehension.accu_var);
        self.visit(&comprehension.result.expr, locals);
        locals.push(&comprehension.iter_var);
        locals.extend(comprehension.iter_var2.as_deref());
        self.visit(&comprehension.loop_cond.expr, locals);
        self.visit(&comprehension.loop_step.expr, locals);
        locals.truncate(outside);
    }

    fn visit_entry<'e>(&mut self, entry: &'e EntryExpr, locals: &mut Vec<&'e str>) {
        match entry {
            EntryExpr::StructField(field) => self.visit(&field.value.expr, locals),
            EntryExpr::MapEntry(entry) => {
                self.visit(&entry.key.expr, locals);
                self.visit(&entry.value.expr, locals);
            }
        }
    }

    fn note(&mut self, root: &str, mut path: Path) {
        match root {
            "cdr" => {
                // A pointer takes digits for an index, which CEL does not.
                let members = path.iter().position(|key| may_be_index(key));
                path.truncate(members.unwrap_or(path.len()));
                self.paths.insert(path);
            }
            "tags" => match path.into_iter().next() {
                Some(tag) => {
                    self.tags.insert(tag);
                }
                None => self.all_tags = true,
            },
            "kind" => self.kind = true,
            "source" => self.source = true,
            other => {
                self.others.insert(other.to_owned());
            }
        }
    }
}

/// The name and the members selected from it, where that is all there is.
fn chain(expr: &Expr) -> Option<(&str, Path)> {
    match expr {
        Expr::Ident(name) => Some((name.trim_start_matches('.'), Path::new())),
        Expr::Select(select) => extend(&select.operand.expr, &select.field),
        Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::INDEX | operators::OPT_INDEX | operators::OPT_SELECT, [of, key]) => {
                match &key.expr {
                    Expr::Literal(LiteralValue::String(key)) => extend(&of.expr, key.inner()),
                    _ => None,
                }
            }
            _ => None,
        },
        _ => None,
    }
}

fn extend<'e>(expr: &'e Expr, key: &str) -> Option<(&'e str, Path)> {
    let (root, mut path) = chain(expr)?;
    path.push(key.to_owned());
    Some((root, path))
}

fn may_be_index(key: &str) -> bool {
    key == "-" || (!key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit()))
}
