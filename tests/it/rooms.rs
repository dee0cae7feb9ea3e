//! Checks the order of rooms: a room imports only rooms before it, and no files import each other in a circle.
//!
//! Every `use` and every `crate::…` path is parsed with `syn` and resolved to the file that defines the name, through
//! re-exports. Test code is left out. A module and its own children may know each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};

use crate::harness::project;

/// The rooms of `src/`, from bottom to top. A room imports only rooms before it.
const ROOMS: [&str; 17] = [
    "clock",
    "diagnostics",
    "domain",
    "rulebook",
    "settings",
    "telemetry",
    "store",
    "platform",
    "evidence",
    "inference",
    "ingress",
    "worker",
    "admin",
    "daemon",
    "offline",
    "cli",
    "commands",
];

/// A path of module names below the crate's root.
type ModulePath = Vec<String>;

/// One module: its file, the paths that it names, and the names that it re-exports.
#[derive(Debug, Default)]
struct Module {
    named: Vec<ModulePath>,
    exports: BTreeMap<String, ModulePath>,
    children: BTreeSet<String>,
}

/// All modules of one crate by path, test code left out.
#[derive(Debug, Default)]
struct Crate {
    modules: BTreeMap<ModulePath, Module>,
}

impl Crate {
    fn read(root: &Path) -> Self {
        let mut found = Self::default();
        found.add(Vec::new(), &root.join("lib.rs"), root);
        found
    }

    /// Adds the module in a file; `folder` is where its children's files are.
    fn add(&mut self, at: ModulePath, file: &Path, folder: &Path) {
        let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.add_items(at, &parsed.items, folder);
    }

    fn add_items(&mut self, at: ModulePath, items: &[syn::Item], folder: &Path) {
        let mut paths = Paths { at: at.clone(), module: Module::default() };
        for item in items.iter().filter(|item| !is_test(item)) {
            if let syn::Item::Mod(child) = item {
                let name = child.ident.to_string();
                paths.module.children.insert(name.clone());
                let mut below = at.clone();
                below.push(name.clone());
                match &child.content {
                    Some((_, items)) => self.add_items(below, items, &folder.join(&name)),
                    None => self.add(below, &module_file(folder, &name), &folder.join(&name)),
                }
            } else {
                paths.visit_item(item);
            }
        }
        self.modules.insert(at, paths.module);
    }

    /// Returns the module that defines what a path names, through re-exports; `None` for a path out of this crate.
    fn defined_in(&self, path: &[String]) -> Option<ModulePath> {
        let (mut at, mut rest): (ModulePath, ModulePath) = (Vec::new(), path.to_vec());
        for _ in 0..64 {
            let Some(name) = rest.first().cloned() else { return Some(at) };
            let module = self.modules.get(&at)?;
            if module.children.contains(&name) {
                at.push(name);
                rest.remove(0);
            } else if let Some(target) = module.exports.get(&name) {
                let mut whole = target.clone();
                whole.extend(rest.drain(1..));
                (at, rest) = (Vec::new(), whole);
            } else {
                return Some(at);
            }
        }
        panic!("re-exports go in a circle at {path:?}");
    }

    /// Returns every import of one module by another.
    fn arrows(&self) -> BTreeSet<(&ModulePath, ModulePath)> {
        let mut found = BTreeSet::new();
        for (from, module) in &self.modules {
            for path in &module.named {
                if let Some(to) = self.defined_in(path).filter(|to| to != from && !to.is_empty()) {
                    found.insert((from, to));
                }
            }
        }
        found
    }

    /// Returns the modules that import each other in a circle, a module and its own children apart.
    fn circles(&self) -> Vec<Vec<&ModulePath>> {
        let mut next: BTreeMap<&ModulePath, BTreeSet<&ModulePath>> = BTreeMap::new();
        for (from, to) in self.arrows() {
            let to = self.modules.get_key_value(&to).expect("a defined module").0;
            if !from.starts_with(to) && !to.starts_with(from) {
                next.entry(from).or_default().insert(to);
            }
        }
        let reach = |from: &ModulePath| {
            let mut seen: BTreeSet<&ModulePath> = BTreeSet::new();
            let mut open: Vec<&ModulePath> = next.get(from).into_iter().flatten().copied().collect();
            seen.extend(&open);
            while let Some(at) = open.pop() {
                open.extend(next.get(at).into_iter().flatten().copied().filter(|to| seen.insert(*to)));
            }
            seen
        };
        let reached: BTreeMap<_, _> = self.modules.keys().map(|at| (at, reach(at))).collect();
        let mut found: Vec<Vec<&ModulePath>> = Vec::new();
        for (at, there) in reached.iter().filter(|(at, there)| there.contains(*at)) {
            let circle: Vec<_> = there.iter().copied().filter(|other| reached[other].contains(at)).collect();
            if !found.contains(&circle) {
                found.push(circle);
            }
        }
        found
    }
}

fn module_file(folder: &Path, name: &str) -> PathBuf {
    let beside = folder.join(format!("{name}.rs"));
    if beside.is_file() { beside } else { folder.join(name).join("mod.rs") }
}

/// Tells if an item is compiled for tests only.
fn is_test(item: &syn::Item) -> bool {
    let attributes = match item {
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        _ => return false,
    };
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

/// Collects the paths that a module names.
struct Paths {
    at: ModulePath,
    module: Module,
}

impl Paths {
    /// Returns a path below the crate's root; `None` for one that leads out of the crate.
    fn absolute(&self, segments: &[String]) -> Option<ModulePath> {
        let mut at = self.at.clone();
        let mut rest = segments;
        match segments.first()?.as_str() {
            "crate" => {
                at.clear();
                rest = &rest[1..];
            }
            "self" => rest = &rest[1..],
            "super" => {
                while rest.first().is_some_and(|word| word == "super") {
                    at.pop()?;
                    rest = &rest[1..];
                }
            }
            // A child of this module, or another crate; the latter resolves to this module itself.
            _ => {}
        }
        at.extend(rest.iter().cloned());
        Some(at)
    }

    fn used(&mut self, before: &[String], tree: &syn::UseTree, exported: bool) {
        let mut path = before.to_vec();
        match tree {
            syn::UseTree::Path(part) => {
                path.push(part.ident.to_string());
                self.used(&path, &part.tree, exported);
            }
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|item| self.used(before, item, exported));
            }
            syn::UseTree::Name(name) if name.ident == "self" => self.name(&path, path.last(), exported),
            syn::UseTree::Name(name) => {
                path.push(name.ident.to_string());
                self.name(&path, path.last(), exported);
            }
            syn::UseTree::Rename(renamed) => {
                path.push(renamed.ident.to_string());
                self.name(&path, Some(&renamed.rename.to_string()), exported);
            }
            syn::UseTree::Glob(_) => self.name(&path, None, false),
        }
    }

    fn name(&mut self, path: &[String], by: Option<&String>, exported: bool) {
        let Some(path) = self.absolute(path) else { return };
        if let (Some(by), true) = (by, exported) {
            self.module.exports.insert(by.clone(), path.clone());
        }
        self.module.named.push(path);
    }
}

impl Visit<'_> for Paths {
    fn visit_item_use(&mut self, item: &syn::ItemUse) {
        let exported = !matches!(item.vis, syn::Visibility::Inherited);
        self.used(&[], &item.tree, exported);
    }

    fn visit_path(&mut self, path: &syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|part| part.ident.to_string()).collect();
        if segments.len() > 1 && ["crate", "self", "super"].contains(&segments[0].as_str()) {
            self.name(&segments, None, false);
        }
        visit::visit_path(self, path);
    }
}

fn show(path: &ModulePath) -> String {
    path.join("/")
}

#[test]
fn a_room_imports_only_rooms_before_it() {
    let src = Crate::read(&project().join("src"));
    let place = |path: &ModulePath| {
        let room = path.first()?;
        Some(
            ROOMS
                .iter()
                .position(|known| known == room)
                .unwrap_or_else(|| panic!("`{room}` is not in ROOMS")),
        )
    };
    let mut faults = Vec::new();
    let mut rooms = BTreeSet::new();
    for (from, to) in src.arrows() {
        let (Some(own), Some(other)) = (place(from), place(&to)) else { continue };
        rooms.insert(ROOMS[own]);
        if other > own {
            faults.push(format!("{} imports {}, which is above it", show(from), show(&to)));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(rooms.len() > 12, "only {} rooms import anything: the imports were not read", rooms.len());
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    for member in ["src", "connectors", "onnx"] {
        let found: Vec<String> = Crate::read(&project().join(member))
            .circles()
            .iter()
            .map(|circle| circle.iter().map(|at| show(at)).collect::<Vec<_>>().join(", "))
            .collect();
        assert!(found.is_empty(), "{member}: these import each other:\n{}", found.join("\n"));
    }
}

#[test]
fn circles_and_re_exports_are_seen() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    file("lib.rs", "mod a; mod b; mod c;");
    file("a.rs", "use crate::b::Other; pub struct One;");
    file("b.rs", "pub use crate::c::Other;");
    file("c.rs", "pub struct Other; fn f() -> Option<crate::a::One> { None }");
    let read = Crate::read(folder.path());
    let names = |path: &[&str]| path.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(read.defined_in(&names(&["b", "Other"])), Some(names(&["c"])), "through the re-export");
    assert_eq!(read.circles(), [[&names(&["a"]), &names(&["c"])]]);
    file("c.rs", "pub struct Other; #[cfg(test)] mod tests { use crate::a::One; }");
    assert!(Crate::read(folder.path()).circles().is_empty(), "test code is left out");
}
