use super::*;

fn check(sheet: &Sheet, at: Place, help: Option<&str>, expected: &str) {
    let found =
        sheet.diagnostic(Severity::Error, at, "unknown key `lisen`").with_help(help.map(str::to_owned));
    assert_eq!(found.to_string(), expected);
}

fn place(line: usize, column: usize) -> Place {
    Place { line, column, variable: 0 }
}

#[test]
fn shows_the_line_with_a_caret() {
    let sheet = Sheet::new("a.yaml", "server:\n  lisen: x\n");
    check(
        &sheet,
        place(2, 3),
        Some("did you mean `listen`?"),
        "a.yaml:2:3: error: unknown key `lisen`\n 2 |   lisen: x\n   |   ^\n   help: did you mean `listen`?",
    );
}

#[test]
fn hides_lines_that_may_hold_secrets() {
    let mut sheet = Sheet::new("a.yaml", "token: hunter2\n");
    sheet.hide(1..=1);
    check(&sheet, place(1, 1), None, "a.yaml:1:1: error: unknown key `lisen`");
}

#[test]
fn names_the_environment_variable() {
    let mut sheet = Sheet::new("a.yaml", "x: 1\n");
    let at = sheet.variable("DESKBRIDGE__SERVER__LISEN");
    check(&sheet, at, None, "environment variable DESKBRIDGE__SERVER__LISEN: error: unknown key `lisen`");
}

#[test]
fn keeps_going_past_the_end_of_the_file() {
    check(&Sheet::new("a.yaml", ""), place(7, 1), None, "a.yaml:7:1: error: unknown key `lisen`");
}

#[test]
fn suggests_only_what_is_close() {
    assert_eq!(nearest("catgory", ["category", "priority"]), Some("category".to_owned()));
    assert_eq!(nearest("zzz", ["category", "priority"]), None);
}
