use super::*;

fn check(text: &str, expected: &[&str]) {
    let sheet = Sheet::new("t.yaml", text);
    let found: Vec<String> = match parse(&sheet, text) {
        Ok(root) => {
            let mut lines = Vec::new();
            show(&root, "", &mut lines);
            lines
        }
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    };
    assert_eq!(found, expected);
}

fn show(node: &Node, path: &str, lines: &mut Vec<String>) {
    let at = format!("{}:{}-{}", node.at.line, node.at.column, node.last_line);
    match &node.value {
        Value::Null => lines.push(format!("{at} {path} null")),
        Value::Scalar { text, plain } => {
            lines.push(format!("{at} {path} {}{text}", if *plain { "" } else { "quoted " }));
        }
        Value::List(items) => {
            lines.push(format!("{at} {path} list"));
            items.iter().enumerate().for_each(|(index, item)| show(item, &format!("{path}[{index}]"), lines));
        }
        Value::Map(entries) => {
            lines.push(format!("{at} {path} map"));
            for (key, item) in entries {
                show(item, &format!("{path}.{}@{}:{}", key.name, key.at.line, key.at.column), lines);
            }
        }
    }
}

#[test]
fn gives_every_key_and_value_its_place() {
    check(
        "# top\nserver:\n  listen: no\nrules:\n  - { is: [a, 'b'] }\n",
        &[
            "2:1-5  map",
            "3:3-3 .server@2:1 map",
            "3:11-3 .server@2:1.listen@3:3 no",
            "5:3-5 .rules@4:1 list",
            "5:5-5 .rules@4:1[0] map",
            "5:11-5 .rules@4:1[0].is@5:7 list",
            "5:12-5 .rules@4:1[0].is@5:7[0] a",
            "5:15-5 .rules@4:1[0].is@5:7[1] quoted b",
        ],
    );
}

#[test]
fn an_empty_file_is_null() {
    check("", &["1:1-1  null"]);
    check("# only a comment\n", &["1:1-1  null"]);
}

#[test]
fn aliases_are_copied() {
    check("a: &x one\nb: *x\n", &["1:1-1  map", "1:7-1 .a@1:1 one", "1:7-1 .b@2:1 one"]);
}

#[test]
fn every_key_that_stands_twice_is_reported() {
    check(
        "a: 1\na: 2\nb: { c: 1, c: 2 }\n",
        &[
            "t.yaml:2:1: error: the key `a` stands twice in this map\n 2 | a: 2\n   | ^",
            "t.yaml:3:12: error: the key `c` stands twice in this map\n 3 | b: { c: 1, c: 2 }\n   |            ^",
        ],
    );
}

#[test]
fn refuses_what_would_surprise() {
    check(
        "a: !x 1\n",
        &[
            "t.yaml:1:7: error: YAML tags (`!word`) are not used here; remove it or quote the value\n 1 | a: !x 1\n   |       ^",
        ],
    );
    check(
        "a: 1\n---\nb: 2\n",
        &["t.yaml:2:1: error: a second document starts here; one file holds one\n 2 | ---\n   | ^"],
    );
}

#[test]
fn a_small_file_cannot_grow_without_end() {
    let mut text = "a0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9]\n".to_owned();
    for level in 1..10 {
        let of = format!("*a{}", level - 1);
        text += &format!("a{level}: &a{level} [{}]\n", vec![of; 9].join(", "));
    }
    let problems = parse(&Sheet::new("t.yaml", &text), &text).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert!(problems[0].message.contains("more than 100000 values"), "{}", problems[0]);
}

#[test]
fn syntax_errors_have_a_place() {
    let text = "a: [1, 2\nb: 3\n";
    let problems = parse(&Sheet::new("t.yaml", text), text).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert!(problems[0].message.starts_with("not valid YAML: "), "{}", problems[0]);
    assert!(problems[0].line >= 1);
}

#[test]
fn a_tab_is_reported_where_it_stands() {
    let text = "rules:\n  - id: a\n\t  when: x\n";
    let problems = parse(&Sheet::new("t.yaml", text), text).unwrap_err();
    assert_eq!((problems[0].line, problems[0].column), (3, 1), "{}", problems[0]);
    assert_eq!(problems[0].help.as_deref(), Some("indent with spaces"));
}
