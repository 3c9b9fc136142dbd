//! Master keys, as the configuration names them.

use std::sync::Arc;

use crate::{
    config::model::{self, Secret},
    journal::seal::{BadMasterKey, MasterKey, Masters},
};

/// The master keys of a configuration. A checked one has no bad keys.
pub(super) fn masters(settings: &model::Journal) -> Result<Masters, BadMasterKey> {
    let Some(encryption) = &settings.encryption else {
        return Ok(Masters::default());
    };
    let parse = |key: &Secret| MasterKey::parse(key.expose()).map(Arc::new);
    Ok(Masters {
        current: encryption.master.as_ref().map(parse).transpose()?,
        previous: encryption
            .previous
            .iter()
            .map(parse)
            .collect::<Result<_, _>>()?,
    })
}
