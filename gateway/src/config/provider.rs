//! The merged tree as the provider that figment makes the typed configuration
//! of. Places stay with the tree: figment knows files, but no lines.

use figment::{
    Metadata, Profile, Provider,
    value::{Dict, Map, Value as Typed},
};

use super::tree::Node;

impl Provider for &Node {
    fn metadata(&self) -> Metadata {
        Metadata::named("configuration")
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let root = Typed::serialize(self.to_json())?;
        let dict = root.into_dict().unwrap_or_default();
        Ok(Map::from([(Profile::Default, dict)]))
    }
}
