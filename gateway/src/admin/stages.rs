//! Stages, listed and shown.

use axum::{
    Json,
    extract::{Path, State},
};

use super::{Admin, problem::Problem, view::StageView};
use crate::journal::StageStanding;

pub(super) async fn list(State(admin): State<Admin>) -> Result<Json<Vec<StageView>>, Problem> {
    let standings = admin.runtime.journal().stages().await?;
    let views = standings.into_iter().map(|standing| view(&admin, standing));
    Ok(Json(views.collect()))
}

pub(super) async fn show(
    State(admin): State<Admin>,
    Path(name): Path<String>,
) -> Result<Json<StageView>, Problem> {
    let standings = admin.runtime.journal().stages().await?;
    let found = standings.into_iter().find(|one| one.stage == name);
    let found = found.ok_or_else(|| Problem::not_found(format!("no stage {name}")))?;
    Ok(Json(view(&admin, found)))
}

fn view(admin: &Admin, standing: StageStanding) -> StageView {
    let revision = admin.runtime.revision();
    let status = admin.runtime.stages().status(&standing.stage);
    StageView::new(
        standing,
        revision.stages.values().map(|stage| &**stage),
        status,
        admin.runtime.journal().head(),
    )
}
