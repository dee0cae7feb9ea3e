use super::*;

fn labels() -> Labels {
    let label = |head: &str, name: &str| Label { head: head.into(), name: name.into(), about: "x".into() };
    Labels(vec![label("category", "billing"), label("priority", "high")])
}

fn written(number: usize) -> Written {
    let word = ["apple", "bread", "chair", "drawer"][number % 4];
    Written {
        subject: format!("The \"{word}\", and more"),
        body: format!("{}\nand, on another line, \"{word}\"", word.repeat(9)),
    }
}

fn filled(path: &Path) -> Vec<u8> {
    let labels = labels();
    let mut tickets = Tickets::open(path, &labels).unwrap();
    tickets.add(&labels.0[0], "en", &[written(0), written(1)]).unwrap();
    tickets.add(&labels.0[1], "de", &[written(2)]).unwrap();
    std::fs::read(path).unwrap()
}

/// Whole rows below the header, by their ids.
fn ids(path: &Path) -> Vec<String> {
    let text = std::fs::read(path).unwrap();
    if path.extension().unwrap() == "csv" {
        let mut reader = csv::Reader::from_reader(text.as_slice());
        return reader.records().map(|row| row.unwrap()[0].to_owned()).collect();
    }
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines
        .map(|line| serde_json::from_slice::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_file_that_was_cut_anywhere_is_whole_again_and_goes_on() {
    for name in ["t.csv", "t.jsonl"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        let whole = filled(&path);
        assert_eq!(ids(&path), ["synthetic/billing/1", "synthetic/billing/2", "synthetic/high/1"]);
        for length in 0..=whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            let labels = labels();
            let mut tickets =
                Tickets::open(&path, &labels).unwrap_or_else(|e| panic!("{name} {length}: {e}"));
            let (billing, high) = (tickets.count.of(&labels.0[0]), tickets.count.of(&labels.0[1]));
            assert_eq!(ids(&path).len(), billing + high, "{name} {length}");
            let kept = std::fs::read(&path).unwrap();
            let json_end = name == "t.jsonl" && whole.get(length) == Some(&b'\n');
            let header = name == "t.csv" && kept.len() > length;
            assert!(json_end || header || whole[..length].starts_with(&kept), "{name} {length}");
            tickets.add(&labels.0[0], "en", &[written(3)]).unwrap();
            let ids = ids(&path);
            assert_eq!(ids.len(), billing + high + 1, "{name} {length}");
            assert_eq!(*ids.last().unwrap(), format!("synthetic/billing/{}", billing + 1), "{name} {length}");
        }
    }
}

#[test]
fn a_persons_rows_and_columns_stay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    let theirs = "body,id,category,priority,note,synthetic,language,subject\n\"a 5\"\" screen\",acme/1,billing,,mine,,,";
    std::fs::write(&path, theirs).unwrap();
    let labels = labels();
    let mut tickets = Tickets::open(&path, &labels).unwrap();
    assert_eq!(tickets.count.of(&labels.0[0]), 0, "a real ticket is not counted");
    assert!(!tickets.seen.is_new("", "A 5\" screen"), "but it is not written again");
    tickets.add(&labels.0[0], "en", &[Written { subject: "s".into(), body: "b".into() }]).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text, format!("{theirs}\nb,synthetic/billing/1,billing,,,true,en,s\n"));
}

#[test]
fn what_cannot_be_gone_on_with_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text, said) in [
        ("a.csv", "id,body\n1,x\n", "no column `subject`"),
        (
            "b.csv",
            "id,subject,body,language,synthetic,category,priority\n1,2\n",
            "b.csv:2: another number of cells",
        ),
        ("c.jsonl", "{\"id\":\"1\"}\nnot json\n", "c.jsonl:2: not a JSON object"),
        ("d.txt", "", "not a tickets file by its name"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let problem = Tickets::open(&path, &labels()).unwrap_err().to_string();
        assert!(problem.contains(said), "{problem}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
    let path = folder.path().join("e.csv");
    let _held = Tickets::open(&path, &labels()).unwrap();
    assert!(matches!(Tickets::open(&path, &labels()), Err(FileProblem::Busy(_))));
}
