//! Lookup tables: listed.

use axum::{Json, extract::State};

use super::{Admin, view::TableView};

pub(super) async fn list(State(admin): State<Admin>) -> Json<Vec<TableView>> {
    let revision = admin.runtime.revision();
    let tables = revision.tables.iter().filter_map(|(name, table)| {
        let settings = revision.config.table.get(name)?;
        let refused = admin.runtime.refusals().of(name);
        Some(TableView::new(name, settings, table, refused))
    });
    Json(tables.collect())
}
