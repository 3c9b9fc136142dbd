//! How a table of the sender's documentation becomes a type.

/// Declares a view: one method per field, in the order of the sender's table.
macro_rules! view {
    (
        $(#[$about:meta])*
        pub struct $view:ident {
            $($(#[$meaning:meta])* $field:ident: $located:ty = $key:literal,)*
        }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone)]
        pub struct $view<'a> {
            cdr: $crate::Cdr<'a>,
            pointer: ::std::borrow::Cow<'static, str>,
        }

        impl<'a> $crate::Located<'a> for $view<'a> {
            fn at(cdr: $crate::Cdr<'a>, pointer: ::std::borrow::Cow<'static, str>) -> Self {
                Self { cdr, pointer }
            }
        }

        impl<'a> $view<'a> {
            /// JSON Pointer of this object.
            pub fn pointer(&self) -> &str {
                &self.pointer
            }

            /// Puts an empty object here where nothing or `null` is, so that
            /// fields can be set.
            pub fn ensure(&self) -> Result<(), $crate::EditError> {
                match self.cdr.json(&self.pointer).as_deref() {
                    None | Some("null") => self.cdr.set_json(&self.pointer, "{}"),
                    Some(_) => Ok(()),
                }
            }

            $(
                $(#[$meaning])*
                pub fn $field(&self) -> $located {
                    let pointer = if self.pointer.is_empty() {
                        ::std::borrow::Cow::Borrowed(concat!("/", $key))
                    } else {
                        format!("{}/{}", self.pointer, $key).into()
                    };
                    $crate::Located::at(self.cdr, pointer)
                }
            )*
        }

        #[cfg(test)]
        impl $view<'_> {
            /// The keys of the table, for tests of its completeness.
            pub(crate) const KEYS: &'static [&'static str] = &[$($key),*];
        }
    };
}

pub(crate) use view;
