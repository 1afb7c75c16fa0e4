//! A parser of the TypeScript declarations: one field per line.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// Prefixes of comment lines.
const COMMENTS: [&str; 3] = ["//", "/*", "*"];

/// A field of an interface.
#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    /// Its type, without `| undefined`.
    pub kind: String,
    /// Whether the field is optional.
    pub optional: bool,
}

/// All exports of a `.d.ts` file.
#[derive(Debug, Default)]
pub struct Declarations {
    /// Fields of each interface, including inherited ones.
    pub interfaces: BTreeMap<String, Vec<Field>>,
    /// Members of each union.
    pub unions: BTreeMap<String, Vec<String>>,
    /// Direct parents of each interface that has any.
    parents: BTreeMap<String, Vec<String>>,
}

impl Declarations {
    /// Parses a file and fails on anything unknown.
    pub fn read(text: &str) -> Self {
        let mut read = Self::default();
        let mut extended = BTreeMap::new();
        let mut lines = text.lines().map(str::trim).filter(|line| {
            !line.is_empty() && !COMMENTS.iter().any(|mark| line.starts_with(*mark))
        });
        while let Some(line) = lines.next() {
            if let Some(head) = line.strip_prefix("export interface ") {
                let head = head.strip_suffix(" {").unwrap_or_else(|| panic!("{line}"));
                let name = match head.split_once(" extends ") {
                    Some((name, parents)) => {
                        let parents = parents.split(", ").map(str::to_owned);
                        extended.insert(name.to_owned(), parents.collect::<Vec<_>>());
                        name
                    }
                    None => head,
                };
                let fields = lines.by_ref().take_while(|line| *line != "}").map(field);
                let fields = fields.collect();
                let old = read.interfaces.insert(name.to_owned(), fields);
                assert!(old.is_none(), "{name} is declared twice");
            } else if let Some(head) = line.strip_prefix("export type ") {
                let (name, first) = head.split_once(" =").unwrap_or_else(|| panic!("{line}"));
                let mut whole = first.to_owned();
                while !whole.ends_with(';') {
                    whole += lines.next().unwrap_or_else(|| panic!("{name} has no end"));
                }
                let members = whole.trim_end_matches(';').split('|').map(str::trim);
                let members = members.filter(|member| !member.is_empty());
                let members = members.map(str::to_owned).collect();
                let old = read.unions.insert(name.to_owned(), members);
                assert!(old.is_none(), "{name} is declared twice");
            } else {
                panic!("a line that is neither interface nor type: {line}");
            }
        }
        read.parents = extended.clone();
        let names: Vec<String> = extended.keys().cloned().collect();
        for name in names {
            read.extend(&name, &mut extended);
        }
        read
    }

    /// Gives an interface the fields of its parents, which get those of theirs first.
    fn extend(&mut self, name: &str, extended: &mut BTreeMap<String, Vec<String>>) {
        for parent in extended.remove(name).unwrap_or_default() {
            self.extend(&parent, extended);
            let fields = self.fields(&parent).to_vec();
            let own = self.interfaces.get_mut(name);
            own.unwrap_or_else(|| panic!("{name}")).extend(fields);
        }
    }

    /// The fields of an interface.
    pub fn fields(&self, name: &str) -> &[Field] {
        let fields = self.interfaces.get(name);
        fields.unwrap_or_else(|| panic!("there is no interface {name}"))
    }

    /// The members of a union.
    pub fn members(&self, name: &str) -> &[String] {
        let members = self.unions.get(name);
        members.unwrap_or_else(|| panic!("there is no union {name}"))
    }

    /// The strings of a union of string literals; `None` for one of interfaces.
    pub fn literals(&self, name: &str) -> Option<Vec<&str>> {
        self.members(name)
            .iter()
            .map(|member| literal(member))
            .collect()
    }

    /// The interface's value of `type`.
    pub fn tag(&self, name: &str) -> &str {
        let tag = self.fields(name).iter().find(|field| field.name == "type");
        let tag = tag.and_then(|field| literal(&field.kind));
        tag.unwrap_or_else(|| panic!("{name} has no `type`"))
    }

    /// A value of the interface with all fields; adds the names of its types to `seen`.
    pub fn sample(&self, name: &str, seen: &mut Vec<String>) -> Value {
        self.see(name, seen);
        let fields = self.fields(name).iter();
        let object: Map<String, Value> = fields
            .map(|field| (field.name.clone(), self.value(&field.kind, seen)))
            .collect();
        assert_eq!(
            object.len(),
            self.fields(name).len(),
            "{name} has a field twice"
        );
        Value::Object(object)
    }

    /// Adds the name of an interface and those of its ancestors to `seen`.
    fn see(&self, name: &str, seen: &mut Vec<String>) {
        seen.push(name.to_owned());
        for parent in self.parents.get(name).into_iter().flatten() {
            self.see(parent, seen);
        }
    }

    fn value(&self, kind: &str, seen: &mut Vec<String>) -> Value {
        if let Some(item) = kind.strip_suffix("[]") {
            return json!([self.value(item, seen)]);
        }
        if let Some(items) = kind
            .strip_prefix('[')
            .and_then(|kind| kind.strip_suffix(']'))
        {
            return items
                .split(", ")
                .map(|item| self.value(item, seen))
                .collect();
        }
        if let Some(text) = literal(kind) {
            return json!(text);
        }
        match kind {
            "string" => json!("a"),
            "number" => json!(1),
            "boolean" => json!(true),
            // serde_json has no bytes, only lists of numbers.
            "Uint8Array" => json!([1, 2, 255]),
            name if self.interfaces.contains_key(name) => self.sample(name, seen),
            name => {
                seen.push(name.to_owned());
                let first = self.members(name).first();
                let first = first.unwrap_or_else(|| panic!("{name} has no values"));
                self.value(first, seen)
            }
        }
    }
}

/// `"text"` without its quotes.
fn literal(kind: &str) -> Option<&str> {
    kind.strip_prefix('"')?.strip_suffix('"')
}

/// `name?: kind;`
fn field(line: &str) -> Field {
    let read = line
        .strip_suffix(';')
        .and_then(|line| line.split_once(": "));
    let (name, kind) = read.unwrap_or_else(|| panic!("not a field: {line}"));
    Field {
        name: name.trim_end_matches('?').to_owned(),
        kind: kind.trim_end_matches(" | undefined").to_owned(),
        optional: name.ends_with('?'),
    }
}
