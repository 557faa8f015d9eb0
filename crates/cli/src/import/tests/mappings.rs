//! What a mapping may not say, and what the error tells.

use super::{HISTORY, import};

#[test]
fn a_wrong_mapping_is_an_error_that_says_what_to_do() {
    let table: &[(&str, &[u8])] = &[("t.csv", b"id,stage,at,Owner\nD1,open,2026-01-01,r1\n")];
    let history = |from: &str, to: &str| {
        assert!(HISTORY.contains(from), "{from}");
        HISTORY.replace(from, to)
    };
    let with = |line: &str| format!("{HISTORY}{line}\n");
    for (mapping, expected) in [
        (with("ammount = \"1\""), "unknown field `ammount`"),
        (with("amount = \"1\""), "amounts.currency is missing"),
        (with("version = { vaule = \"1\" }"), "unknown field `vaule`"),
        (with("version = 5"), "expected a template such as"),
        (with("version = { words = \"w\" }"), "has both or none of value and first_of"),
        (with("version = { value = \"{id}\", words = \"w\" }"), "there is no [words.w]"),
        (
            with("version = { value = \"{id}\", lookup = { source = \"u\", key = \"k\", column = \"c\" } }"),
            "source \"u\" is used and not described",
        ),
        (
            with("version = { value = \"{id}\", lookup = { source = \"t\", key = \"k\", column = \"id\" } }"),
            "has no column \"k\"",
        ),
        (with("where = [{ value = \"{id}\" }]"), "has neither is nor is_not"),
        (with("[[deals.steps]]\nname = \"x\"\noccurred_at = \"{at}\""), "occurred_at is given beside steps"),
        (with("undated = { use = \"soon\" }"), "undated: \"soon\" is not an ISO 8601 date"),
        (with("dates = { time_zone = \"Mars\" }"), "deals[0].dates: time_zone: \"Mars\""),
        (with("[dates]\nformats = []"), "dates: formats: lists 0"),
        (history("rep_id = \"r1\"\n", ""), "missing field `rep_id`"),
        (history("{id}", "{idd}"), "deals[0].deal_id: source \"t\""),
        (history("r1", "{owner}"), "did you mean \"Owner\"?"),
        (history("r1", "{id"), "has a brace without its pair"),
        (history("r1", "id}"), "has a brace without its pair"),
        (history("occurred_at = \"{at}\"\n", ""), "has neither occurred_at"),
        (history("path = \"t.csv\"\n", ""), "source \"t\" has no path"),
        (history("t.csv", "none.csv"), "none.csv"),
        (history("[sources.t]", "[sources.t]\ndelimiter = \"::\""), "expected one ASCII character"),
        (history("[sources.t]", "[sources.t]\ndelimiter = \"\\\"\""), "delimiter and quote are the same"),
        (history("source = \"t\"", "source = \"u\""), "source \"u\" is used and not described"),
        ("[sources]".to_owned(), "there is no rule"),
        ("[sources".to_owned(), "TOML parse error"),
        (
            with("[words.w]\nignore_case = true\nmap = { A = \"1\", a = \"2\" }"),
            "is there twice when upper and lower case are the same",
        ),
    ] {
        let error = import(&mapping, table).map(|outcome| outcome.report.to_string()).unwrap_err();
        let error = format!("{error:#}");
        assert!(error.contains(expected), "expected {expected:?} in: {error}");
    }
}

#[test]
fn expressions_take_templates_fallbacks_lookups_and_words() {
    let mapping = "
        [sources.t]
        path = \"t.csv\"
        blank_values = [\"NULL\"]
        [sources.prices]
        path = \"prices.csv\"
        [words.products]
        otherwise = \"keep\"
        map = { GTXPro = \"GTX Pro\" }
        [words.other]
        otherwise = { use = \"other\" }
        map = {}
        [[reps]]
        source = \"t\"
        rep_id = \"EXPRESSION\"
        name = \"{{x}}\"
    ";
    let tables: &[(&str, &[u8])] = &[
        ("t.csv", b"a,b,product\n A1 ,NULL,GTXPro\n"),
        ("prices.csv", b"product,price,list\nGTX Pro,4821,x\nMG,55,y\nmg,55,z\nTwice,1,x\nTwice,2,x\n"),
    ];
    let lookup = |key: &str, more: &str| {
        format!(
            "{{ value = \"{key}\", lookup = {{ source = \"prices\", key = \"product\", column = \"price\"{more} }} }}"
        )
    };
    let mapped = "{ value = \"{product}\", words = \"products\" }";
    let nested = format!(
        "{{ value = {mapped}, lookup = {{ source = \"prices\", key = \"product\", column = \"price\" }} }}"
    );
    for (expression, expected) in [
        ("\"constant\"".to_owned(), Ok("constant")),
        ("\"{a}\"".to_owned(), Ok("A1")),
        ("\"x-{a}-{product}\"".to_owned(), Ok("x-A1-GTXPro")),
        ("\"{{{a}}}\"".to_owned(), Ok("{A1}")),
        ("\"{a}-{b}\"".to_owned(), Err("found nothing, expected a value")),
        ("{ first_of = [\"{b}\", \"{a}-{b}\", \"{product}\"] }".to_owned(), Ok("GTXPro")),
        ("{ value = \"{b}\", default = \"none\" }".to_owned(), Ok("none")),
        (mapped.to_owned(), Ok("GTX Pro")),
        ("{ value = \"{a}\", words = \"products\" }".to_owned(), Ok("A1")),
        ("{ value = \"{a}\", words = \"other\" }".to_owned(), Ok("other")),
        (nested, Ok("4821")),
        (
            lookup("{product}", ""),
            Err("found \"GTXPro\", which is not in column \"product\" of source \"prices\""),
        ),
        (lookup("mG", ""), Err("which is not in column")),
        (lookup("mG", ", ignore_case = true"), Ok("55")),
        (lookup("Twice", ""), Err("in row 5 (price \"1\") and in row 6 with another price")),
        (lookup("Twice", ", several = \"first\""), Ok("1")),
    ] {
        let mapping = mapping.replace("\"EXPRESSION\"", &expression);
        let outcome = import(&mapping, tables).unwrap();
        match expected {
            Ok(id) => {
                let expected = format!("{{\"type\":\"rep\",\"rep_id\":\"{id}\",\"name\":\"{{x}}\"}}");
                assert_eq!(outcome.lines, [expected], "{expression}: {}", outcome.report);
            }
            Err(part) => {
                let report = outcome.report.to_string();
                assert!(report.contains(part) && outcome.lines.is_empty(), "{expression}: {report}");
            }
        }
    }
}
