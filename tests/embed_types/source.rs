//! The protocol's types, read from their Rust source.

use std::collections::BTreeMap;
use std::path::Path;

use syn::{Attribute, Expr, Field, Fields, GenericArgument, Item, Lit, Meta, PathArguments, Type};

/// The files, in the order of the declarations.
const FILES: [&str; 15] = [
    "worker/protocol/message.rs",
    "worker/protocol/requests.rs",
    "config/train.rs",
    "config/captions.rs",
    "config/subject.rs",
    "config/collage.rs",
    "config/generate.rs",
    "config/edit.rs",
    "config/choices.rs",
    "worker/protocol/events.rs",
    "error.rs",
    "worker/protocol/kinds.rs",
    "worker/protocol/bases.rs",
    "worker/protocol/plans.rs",
    "worker/protocol/mod.rs",
];

/// Types that have another name in TypeScript: file, Rust name, TypeScript name. Those of a collage
/// exist twice: with pictures by their id, and by subject and place.
const NAMES: [(&str, &str, &str); 4] = [
    ("config/", "Collage", "SubjectCollage"),
    ("config/", "Half", "SubjectHalf"),
    ("config/", "Layout", "CollageLayout"),
    ("", "Error", "EngineError"),
];

/// A type.
#[derive(Clone, Debug)]
pub struct Declared {
    pub name: String,
    pub docs: Vec<String>,
    pub kind: Kind,
}

/// What it is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A struct.
    Interface(Vec<Member>),
    /// An enum without fields.
    Literals(Vec<Variant>),
    /// An enum with a tag, the name of the tag first.
    Tagged(String, Vec<Variant>),
    /// A number with a type of its own.
    Alias(String),
}

/// A variant of an enum.
#[derive(Clone, Debug)]
pub struct Variant {
    /// As serde writes it.
    pub tag: String,
    /// As Rust writes it.
    pub name: String,
    pub docs: Vec<String>,
    pub content: Content,
}

/// What a variant holds.
#[derive(Clone, Debug)]
pub enum Content {
    Nothing,
    Fields(Vec<Member>),
    /// One struct, whose fields are the variant's.
    Struct(String),
    /// A text, as the field `message`.
    Message,
    /// One struct and the field `message`.
    StructWithMessage(String),
}

/// A field.
#[derive(Clone, Debug)]
pub struct Member {
    pub name: String,
    pub docs: Vec<String>,
    /// Its TypeScript type, without `undefined`.
    pub kind: String,
    /// Its own fields belong to the struct.
    pub flat: bool,
    /// It is an `Option`.
    pub option: bool,
    /// It has a default.
    pub default: bool,
}

/// Every type of the files, by its TypeScript name, in order.
pub fn read(src: &Path) -> Vec<Declared> {
    let mut all = Vec::new();
    for file in FILES {
        let text = std::fs::read_to_string(src.join(file)).unwrap();
        let parsed = syn::parse_file(&text).unwrap_or_else(|why| panic!("{file}: {why}"));
        let names = Names { file };
        let items = parsed.items.iter();
        all.extend(items.filter_map(|item| names.declared(item)));
    }
    all
}

struct Names {
    file: &'static str,
}

impl Names {
    fn of(&self, rust: &str) -> String {
        let renamed = NAMES.iter().find(|(folder, name, _)| {
            *name == rust && (self.file.starts_with(folder) || folder.is_empty())
        });
        renamed.map_or(rust, |(_, _, name)| name).to_owned()
    }

    /// A type that serde writes; everything else is passed over.
    fn declared(&self, item: &Item) -> Option<Declared> {
        let (name, attributes, kind) = match item {
            Item::Struct(of) if is_serialized(&of.attrs) => {
                let default = serde(&of.attrs).contains_key("default");
                let kind = match &of.fields {
                    Fields::Named(fields) => {
                        Kind::Interface(self.members(fields.named.iter(), default))
                    }
                    Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                        Kind::Alias(self.kind(&fields.unnamed[0].ty, false).0)
                    }
                    _ => panic!("{} has fields without names", of.ident),
                };
                (&of.ident, &of.attrs, kind)
            }
            Item::Enum(of) if is_serialized(&of.attrs) => {
                let settings = serde(&of.attrs);
                assert_eq!(settings["rename_all"], "snake_case", "{}", of.ident);
                let variants = of.variants.iter().map(|variant| self.variant(variant));
                let variants = variants.collect();
                let kind = match settings.get("tag") {
                    Some(tag) => Kind::Tagged(tag.clone(), variants),
                    None => Kind::Literals(variants),
                };
                (&of.ident, &of.attrs, kind)
            }
            _ => return None,
        };
        Some(Declared {
            name: self.of(&name.to_string()),
            docs: docs(attributes),
            kind,
        })
    }

    fn variant(&self, variant: &syn::Variant) -> Variant {
        let content = match &variant.fields {
            Fields::Unit => Content::Nothing,
            Fields::Named(fields) => Content::Fields(self.members(fields.named.iter(), false)),
            Fields::Unnamed(fields) => {
                let field = &fields.unnamed[0];
                let kind = self.kind(&field.ty, false).0;
                match serde(&field.attrs).get("with").map(String::as_str) {
                    Some("message") => Content::Message,
                    Some("fields") => Content::StructWithMessage(kind),
                    None => Content::Struct(kind),
                    Some(other) => panic!("{}: with = {other}", variant.ident),
                }
            }
        };
        Variant {
            tag: snake(&variant.ident.to_string()),
            name: variant.ident.to_string(),
            docs: docs(&variant.attrs),
            content,
        }
    }

    fn members<'a>(
        &self,
        fields: impl Iterator<Item = &'a Field>,
        all_default: bool,
    ) -> Vec<Member> {
        let member = |field: &Field| {
            let settings = serde(&field.attrs);
            let bytes = settings
                .get("with")
                .is_some_and(|with| with == "serde_bytes");
            let (kind, option) = self.kind(&field.ty, bytes);
            Member {
                name: field.ident.as_ref().unwrap().to_string(),
                docs: docs(&field.attrs),
                kind,
                flat: settings.contains_key("flatten"),
                option,
                default: all_default || settings.contains_key("default"),
            }
        };
        fields.map(member).collect()
    }

    /// The TypeScript type, and whether it is an `Option`.
    fn kind(&self, rust: &Type, bytes: bool) -> (String, bool) {
        if bytes {
            return ("Uint8Array".into(), false);
        }
        match rust {
            Type::Array(array) => {
                let Expr::Lit(length) = &array.len else {
                    panic!("an array's length is no number");
                };
                let Lit::Int(length) = &length.lit else {
                    panic!("an array's length is no number");
                };
                let item = self.kind(&array.elem, false).0;
                let length = length.base10_parse().unwrap();
                (format!("[{}]", vec![item; length].join(", ")), false)
            }
            Type::Path(path) => {
                let last = path.path.segments.last().unwrap();
                let name = last.ident.to_string();
                let argument = match &last.arguments {
                    PathArguments::AngleBracketed(given) => given.args.first(),
                    _ => None,
                };
                let inner = || match argument {
                    Some(GenericArgument::Type(inner)) => self.kind(inner, false).0,
                    _ => panic!("{name} of what?"),
                };
                match name.as_str() {
                    "Option" => (inner(), true),
                    "Box" => (inner(), false),
                    "Vec" => (format!("{}[]", inner()), false),
                    "String" => ("string".into(), false),
                    "bool" => ("boolean".into(), false),
                    "u8" | "u16" | "u32" | "u64" | "usize" | "f32" | "f64" => {
                        ("number".into(), false)
                    }
                    _ => (self.of(&name), false),
                }
            }
            _ => panic!("a type that has no name"),
        }
    }
}

fn is_serialized(attributes: &[Attribute]) -> bool {
    let derives = |attribute: &&Attribute| attribute.path().is_ident("derive");
    attributes.iter().filter(derives).any(|attribute| {
        let mut found = false;
        let _ = attribute.parse_nested_meta(|meta| {
            found |= meta.path.is_ident("Serialize");
            Ok(())
        });
        found
    })
}

/// The settings of `#[serde(…)]`; those without a value are empty.
fn serde(attributes: &[Attribute]) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    for attribute in attributes.iter().filter(|of| of.path().is_ident("serde")) {
        attribute
            .parse_nested_meta(|meta| {
                let name = meta.path.get_ident().unwrap().to_string();
                let value = match meta.value() {
                    Ok(value) => value.parse::<syn::LitStr>()?.value(),
                    Err(_) => String::new(),
                };
                settings.insert(name, value);
                Ok(())
            })
            .unwrap();
    }
    settings
}

/// The lines of a doc comment.
fn docs(attributes: &[Attribute]) -> Vec<String> {
    let lines = attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            Meta::NameValue(of) if of.path.is_ident("doc") => match &of.value {
                Expr::Lit(text) => match &text.lit {
                    Lit::Str(text) => Some(text.value().trim().to_owned()),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        });
    lines.collect()
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}
