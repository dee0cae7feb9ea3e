use super::*;

fn check(prompts: Option<&str>, lengths: Option<&str>, expected: Result<(&str, usize), &str>) {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: Option<&str>| {
        if let Some(text) = text {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
    };
    write(FILE, prompts);
    write(LENGTHS, lengths);
    match (of(folder.path()), expected) {
        (Ok(found), Ok((prompt, max_length))) => {
            assert_eq!(found, Manners { prompt: prompt.to_owned(), max_length });
        }
        (Err(found), Err(part)) => assert!(found.contains(part), "{found}"),
        (found, expected) => panic!("{found:?}, expected {expected:?}"),
    }
}

#[test]
fn a_folder_says_what_stands_before_a_text_and_how_long_one_may_be() {
    check(None, None, Ok(("", 256)));
    check(Some(WITH_QUERY), None, Ok(("query: ", 256)));
    check(Some(r#"{"prompts":{"query":"q: "},"default_prompt_name":null}"#), None, Ok(("", 256)));
    check(None, Some(r#"{"max_seq_length":128,"do_lower_case":false}"#), Ok(("", 128)));
    check(None, Some(r#"{"max_seq_length":8192}"#), Ok(("", 256)));
}

#[test]
fn what_makes_no_sense_is_refused_by_file() {
    check(Some(r#"{"default_prompt_name":"query"}"#), None, Err("there is no such prompt"));
    check(Some("nonsense"), None, Err(FILE));
    check(None, Some(r#"{"max_seq_length":4}"#), Err("no ticket fits into fewer than 16 tokens"));
}
