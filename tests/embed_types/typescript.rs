//! TypeScript declarations of the protocol's types.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::source::{Content, Declared, Kind, Member, Variant};

/// The beginning of the file.
const HEADER: &str = "\
// Generated from src/worker/protocol, src/config and src/error.rs by
// `UPDATE_EMBED=1 cargo test --test embed_types`. Do not edit.
//
// The messages between page and engine, as serde-wasm-bindgen writes and reads them. `Option` is
// undefined when there is none. 64-bit numbers are numbers up to 2^53 - 1. A field with `?` may be
// left out.
";
/// The types that are posted; what they are made of is declared.
const ROOTS: [&str; 2] = ["Message", "Answer"];

/// Types of tagged enums whose variants have another ending than the enum's name.
const ENDINGS: [(&str, &str); 2] = [("BaseSource", "Source"), ("EngineError", "Error")];

/// The whole file.
pub fn write(all: &[Declared]) -> String {
    let writer = Writer {
        all,
        sent: reachable(all, &ROOTS[..1]),
    };
    let used = reachable(all, &ROOTS);
    let mut text = HEADER.to_owned();
    let inlined = writer.inlined();
    for declared in all {
        if used.contains(&declared.name) && !inlined.contains(&declared.name) {
            writer.declare(declared, &mut text);
        }
    }
    text
}

struct Writer<'a> {
    all: &'a [Declared],
    /// Types that the page sends: an `Option` may be left out there.
    sent: BTreeSet<String>,
}

impl Writer<'_> {
    /// Structs that are written as the interface of a variant, because they have its name.
    fn inlined(&self) -> BTreeSet<String> {
        let mut inlined = BTreeSet::new();
        for declared in self.all {
            if let Kind::Tagged(_, variants) = &declared.kind {
                for variant in variants {
                    if let Content::Struct(of) | Content::StructWithMessage(of) = &variant.content
                        && (*of == interface(declared, variant)
                            || matches!(variant.content, Content::StructWithMessage(_)))
                    {
                        inlined.insert(of.clone());
                    }
                }
            }
        }
        inlined
    }

    fn find(&self, name: &str) -> &Declared {
        let found = self.all.iter().find(|declared| declared.name == name);
        found.unwrap_or_else(|| panic!("there is no type {name}"))
    }

    fn fields(&self, name: &str) -> &[Member] {
        match &self.find(name).kind {
            Kind::Interface(fields) => fields,
            other => panic!("{name} is no struct: {other:?}"),
        }
    }

    fn declare(&self, declared: &Declared, text: &mut String) {
        let name = &declared.name;
        match &declared.kind {
            Kind::Alias(_) => {}
            Kind::Interface(fields) => {
                let sent = self.sent.contains(name);
                self.interface(name, &declared.docs, &[], (&[], fields), sent, text);
            }
            Kind::Literals(variants) => {
                comment(&declared.docs, "", text);
                let _ = write!(text, "export type {name} =");
                for variant in variants {
                    text.push('\n');
                    comment_after(&variant.docs, "  ", text);
                    let _ = write!(text, "  | \"{}\"", variant.tag);
                }
                text.push_str(";\n");
            }
            Kind::Tagged(tag, variants) if name == "EngineError" => {
                self.errors(declared, tag, variants, text);
            }
            Kind::Tagged(tag, variants) => {
                let names = variants.iter().map(|variant| interface(declared, variant));
                union(name, &declared.docs, names, text);
                for variant in variants {
                    self.variant(declared, tag, variant, text);
                }
            }
        }
    }

    fn variant(&self, declared: &Declared, tag: &str, variant: &Variant, text: &mut String) {
        let name = interface(declared, variant);
        let sent = self.sent.contains(&declared.name);
        let first = [format!("{tag}: \"{}\";", variant.tag)];
        match &variant.content {
            Content::Nothing => {
                self.interface(&name, &variant.docs, &[], (&first, &[]), sent, text);
            }
            Content::Fields(fields) => {
                self.interface(&name, &variant.docs, &[], (&first, fields), sent, text);
            }
            Content::Struct(of) if *of == name => {
                let fields = self.fields(of);
                self.interface(&name, &variant.docs, &[], (&first, fields), sent, text);
            }
            Content::Struct(of) => {
                let parents = [of.as_str()];
                self.interface(&name, &variant.docs, &parents, (&first, &[]), sent, text);
            }
            other => panic!("{name}: {other:?}"),
        }
    }

    /// Errors with fields have interfaces; those without share one.
    fn errors(&self, declared: &Declared, tag: &str, variants: &[Variant], text: &mut String) {
        let own = |variant: &&Variant| !matches!(variant.content, Content::Message);
        let names = variants.iter().filter(own);
        let names = names.map(|variant| interface(declared, variant));
        let names = std::iter::once("MessageError".to_owned()).chain(names);
        union(&declared.name, &declared.docs, names, text);
        let docs = ["An error of a kind that has no fields.".to_owned()];
        let message = "message: string;".to_owned();
        let first = [format!("{tag}: EngineErrorKind;"), message.clone()];
        self.interface("MessageError", &docs, &[], (&first, &[]), false, text);
        for variant in variants.iter().filter(own) {
            let name = interface(declared, variant);
            let kind = format!("{tag}: \"{}\";", variant.tag);
            match &variant.content {
                Content::StructWithMessage(of) => {
                    let first = [kind, message.clone()];
                    let fields = self.fields(of);
                    self.interface(&name, &variant.docs, &[], (&first, fields), false, text);
                }
                Content::Nothing => {
                    self.interface(&name, &variant.docs, &[], (&[kind], &[]), false, text);
                }
                other => panic!("{name}: {other:?}"),
            }
        }
        let docs = ["The kinds of errors.".to_owned()];
        let kinds = variants
            .iter()
            .map(|variant| format!("\"{}\"", variant.tag));
        union("EngineErrorKind", &docs, kinds, text);
    }

    fn interface(
        &self,
        name: &str,
        docs: &[String],
        parents: &[&str],
        (first, fields): (&[String], &[Member]),
        sent: bool,
        text: &mut String,
    ) {
        let flat = fields.iter().filter(|field| field.flat);
        let parents = parents.iter().copied();
        let parents: Vec<&str> = parents.chain(flat.map(|field| &*field.kind)).collect();
        comment(docs, "", text);
        let extends = match parents.is_empty() {
            true => String::new(),
            false => format!(" extends {}", parents.join(", ")),
        };
        let _ = writeln!(text, "export interface {name}{extends} {{");
        for line in first {
            let _ = writeln!(text, "  {line}");
        }
        for field in fields.iter().filter(|field| !field.flat) {
            comment_after(&field.docs, "  ", text);
            let optional = field.default || (field.option && sent);
            let mark = if optional { "?" } else { "" };
            let or = if field.option && !optional {
                " | undefined"
            } else {
                ""
            };
            let kind = self.resolved(&field.kind);
            let _ = writeln!(text, "  {}{mark}: {kind}{or};", field.name);
        }
        text.push_str("}\n");
    }

    /// The type, with numbers for types that are numbers.
    fn resolved(&self, kind: &str) -> String {
        let found = self.all.iter().find(|declared| declared.name == kind);
        match found.map(|declared| &declared.kind) {
            Some(Kind::Alias(of)) => of.clone(),
            _ => kind.to_owned(),
        }
    }
}

/// The name of a variant's interface.
fn interface(declared: &Declared, variant: &Variant) -> String {
    let ending = ENDINGS.iter().find(|(name, _)| *name == declared.name);
    let ending = ending.map_or(&*declared.name, |(_, ending)| ending);
    format!("{}{ending}", variant.name)
}

fn union(name: &str, docs: &[String], members: impl Iterator<Item = String>, text: &mut String) {
    comment(docs, "", text);
    let _ = write!(text, "export type {name} =");
    for member in members {
        let _ = write!(text, "\n  | {member}");
    }
    text.push_str(";\n");
}

/// A comment after an empty line.
fn comment(docs: &[String], indent: &str, text: &mut String) {
    text.push('\n');
    comment_after(docs, indent, text);
}

fn comment_after(docs: &[String], indent: &str, text: &mut String) {
    let lines: Vec<String> = docs.iter().map(|line| plain(line)).collect();
    match &lines[..] {
        [] => {}
        [line] => {
            let _ = writeln!(text, "{indent}/** {line} */");
        }
        lines => {
            let _ = writeln!(text, "{indent}/**");
            for line in lines {
                let _ = writeln!(text, "{indent} * {line}");
            }
            let _ = writeln!(text, "{indent} */");
        }
    }
}

/// A line of a Rust doc comment without its links: [`a`](b) and [`a`] become `a`.
fn plain(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some(start) = rest.find('[') {
        let Some(end) = rest[start..].find(']').map(|end| start + end) else {
            break;
        };
        let inner = &rest[start + 1..end];
        let mut after = &rest[end + 1..];
        let is_link = inner.starts_with('`') || after.starts_with('(');
        text.push_str(&rest[..start]);
        if is_link {
            text.push_str(inner);
            if after.starts_with('(')
                && let Some(close) = after.find(')')
            {
                after = &after[close + 1..];
            }
        } else {
            text.push_str(&rest[start..=end]);
        }
        rest = after;
    }
    text.push_str(rest);
    text.trim_end().to_owned()
}

/// The names of all types that these are made of, themselves included.
fn reachable(all: &[Declared], roots: &[&str]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open: Vec<String> = roots.iter().map(|root| (*root).to_owned()).collect();
    while let Some(name) = open.pop() {
        let Some(declared) = all.iter().find(|declared| declared.name == name) else {
            continue;
        };
        if !found.insert(name) {
            continue;
        }
        let mut of_fields = |fields: &[Member]| {
            let kinds = fields.iter().map(|field| field.kind.clone());
            for kind in kinds {
                let names = kind.split(|c: char| !c.is_alphanumeric());
                open.extend(names.map(str::to_owned));
            }
        };
        match &declared.kind {
            Kind::Interface(fields) => of_fields(fields),
            Kind::Tagged(_, variants) => {
                for variant in variants {
                    match &variant.content {
                        Content::Fields(fields) => of_fields(fields),
                        Content::Struct(of) | Content::StructWithMessage(of) => {
                            open.push(of.clone());
                        }
                        Content::Nothing | Content::Message => {}
                    }
                }
            }
            Kind::Literals(_) | Kind::Alias(_) => {}
        }
    }
    found
}
