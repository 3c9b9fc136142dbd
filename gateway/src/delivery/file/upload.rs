//! Finished parts brought to an object store that speaks S3: the files of the base
//! directory are a spool then.
//!
//! A part's key is its path with its final name, so that the same part always has
//! the same key; characters that stores advise against are percent-encoded. It is
//! sent in one request that creates and never replaces (`If-None-Match: *`), its
//! manifest after it, and removed here after both. Before the finished form of a
//! sealed part is made, the store is asked for the key, so that one that is away, or
//! has something else there, costs no more than that.
//!
//! Each step can be the last before a crash: the part is sent again, and where the
//! key is taken, the object there is compared with it. The same bytes mean that it
//! is done; others that it waits, loudly, until someone has looked.
//!
//! Credentials are those of the configuration. Nothing is asked of the environment
//! or of a metadata service, and addresses are vetted as those of any receiver.

mod connector;

use std::{fmt, io};

use object_store::{
    Attribute, Attributes, Error, GetOptions, GetResult, ObjectStore, PutMode, PutOptions,
    PutPayload, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder, S3ConditionalPut},
    path::Path,
};

use self::connector::Connector;
use super::spool::{Content, Spooled};
use crate::{
    config::model,
    delivery::http::{HttpSetupError, address::AddressPolicy},
    journal::{FilePart, JournalError},
};

/// Where an object says what its SHA-256 is: `x-amz-meta-sha256`.
const SHA256: Attribute = Attribute::Metadata(std::borrow::Cow::Borrowed("sha256"));

/// An object store that parts are brought to.
pub struct Upload {
    store: AmazonS3,
}

/// Why a part is not where it belongs.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The part cannot be read, finished or removed here.
    #[error("cannot read, finish or remove a part that waits below {base_dir}: {source}")]
    Local {
        /// The base directory.
        base_dir: std::path::PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Nobody can say which key seals it.
    #[error("cannot tell the key that seals a part: {0}")]
    Key(JournalError),
    /// Something else stands under its key.
    #[error("another object stands under the key of a part; move it away")]
    Taken,
    /// The store did not take it.
    #[error("the object store did not take a part: {0}")]
    Store(String),
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The store's own would show what it signs with.
        f.debug_struct("Upload").finish_non_exhaustive()
    }
}

impl Upload {
    /// Sets up the client of a store.
    ///
    /// # Errors
    /// With the settings that cannot be used.
    pub fn new(
        config: &model::Upload,
        addresses: &AddressPolicy,
    ) -> Result<Self, Vec<HttpSetupError>> {
        let connector = Connector::new(config, addresses)?;
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&config.bucket)
            .with_region(&config.region)
            .with_access_key_id(config.access_key_id.expose())
            .with_secret_access_key(config.secret_access_key.expose())
            .with_conditional_put(S3ConditionalPut::ETagMatch)
            // The consumer tries again, and says so.
            .with_retry(RetryConfig {
                max_retries: 0,
                ..RetryConfig::default()
            })
            .with_http_connector(connector);
        if let Some(endpoint) = &config.endpoint {
            builder = builder.with_endpoint(endpoint).with_allow_http(true);
        }
        let store = builder
            .build()
            .map_err(|error| vec![connector::unusable(&error)])?;
        Ok(Self { store })
    }

    /// Brings a part to its key, and removes it here. Returns it as finished.
    ///
    /// # Errors
    /// When it is not there. It may be tried again however far it came.
    pub async fn bring(&self, spooled: Spooled) -> Result<FilePart, UploadError> {
        let names = spooled.names();
        let key_of = |name: &str| Path::from(format!("{}/{name}", names.directory.display()));
        let (key, manifest_key) = (key_of(&names.finished), key_of(&names.manifest));
        if spooled.is_sealed() {
            let found = self.look_at(&key).await?;
            if found.is_some_and(|found| found.attributes.get(&SHA256).is_none()) {
                return Err(UploadError::Taken);
            }
        }
        let (spooled, file) = local(spooled, Spooled::read).await?;
        let Some(file) = file else {
            self.missing(&key, spooled.part()).await?;
            return Ok(spooled.finished());
        };
        self.create(&key, &file.part).await?;
        if let Some(manifest) = &file.manifest {
            self.create(&manifest_key, manifest).await?;
        }
        let (spooled, ()) = local(spooled, Spooled::remove).await?;
        Ok(spooled.finished())
    }

    async fn create(&self, key: &Path, file: &Content) -> Result<(), UploadError> {
        let options = PutOptions {
            attributes: Attributes::from_iter([(SHA256, file.sha256.clone())]),
            ..PutOptions::from(PutMode::Create)
        };
        let bytes = PutPayload::from_bytes(file.bytes.clone());
        match self.store.put_opts(key, bytes, options).await {
            Ok(_) => Ok(()),
            Err(Error::AlreadyExists { .. }) => self.compare(key, file).await,
            Err(error) => Err(refused(&error)),
        }
    }

    /// Whether what stands under the key is the same: sent before a crash.
    async fn compare(&self, key: &Path, file: &Content) -> Result<(), UploadError> {
        let is_same = self.look_at(key).await?.is_some_and(|found| {
            let sha256 = found.attributes.get(&SHA256).map(AsRef::<str>::as_ref);
            found.meta.size == file.bytes.len() as u64 && sha256 == Some(file.sha256.as_str())
        });
        if is_same {
            Ok(())
        } else {
            Err(UploadError::Taken)
        }
    }

    /// A part that is not here any more was removed after it was brought, or by
    /// something else.
    async fn missing(&self, key: &Path, part: &FilePart) -> Result<(), UploadError> {
        if self.look_at(key).await?.is_none() {
            tracing::error!(
                part = part.part,
                records = part.records,
                "a finished part was moved by something else before it was brought to the object store"
            );
        }
        Ok(())
    }

    /// What stands under a key, without its bytes.
    async fn look_at(&self, key: &Path) -> Result<Option<GetResult>, UploadError> {
        let found = self.store.get_opts(key, GetOptions::new().with_head(true));
        match found.await {
            Ok(found) => Ok(Some(found)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(refused(&error)),
        }
    }
}

/// Finishes a part here: there is no store any more that it could be brought to.
///
/// # Errors
/// When it cannot be. It may be tried again however far it came.
pub async fn keep(spooled: Spooled) -> Result<FilePart, UploadError> {
    let (spooled, ()) = local(spooled, Spooled::stay).await?;
    Ok(spooled.finished())
}

/// Does something with the files of a part, on a thread that may block.
async fn local<T: Send + 'static>(
    mut spooled: Spooled,
    work: fn(&mut Spooled) -> io::Result<T>,
) -> Result<(Spooled, T), UploadError> {
    let base_dir = spooled.base_dir().to_owned();
    let done = tokio::task::spawn_blocking(move || {
        let done = work(&mut spooled)?;
        Ok((spooled, done))
    });
    let done = done.await;
    let done = done.unwrap_or_else(|lost| Err(io::Error::other(lost.to_string())));
    done.map_err(|source| UploadError::Local { base_dir, source })
}

/// What the store said, without keys, which come from records.
fn refused(error: &Error) -> UploadError {
    UploadError::Store(match error {
        Error::Unauthenticated { .. } => "it does not know the credentials".into(),
        Error::PermissionDenied { .. } => "the credentials may not do this".into(),
        Error::NotFound { .. } => "it has no such bucket".into(),
        Error::NotSupported { .. } | Error::NotImplemented { .. } => {
            "it cannot create without replacing (If-None-Match)".into()
        }
        other => connector::cause(other),
    })
}
