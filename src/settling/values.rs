//! placeholder
#![allow(missing_docs)]
pub struct Heads;
#[derive(Debug, Clone)]
pub enum HeadSource { Field(String), Priority, Group, Tags(Vec<String>) }
impl Heads { pub fn source(&self, _head: &str) -> Option<&HeadSource> { None } }
pub fn label_of(_head: &str, _value: &str, _labels: &[String], _heads: &Heads) -> Option<String> { None }
