//! `check-config` and `init`, and how a wrong configuration ends every command.

use crate::run::Folder;

const OUTPUT: [&str; 3] = ["check-config", "--output", "tallyboard.toml"];

#[test]
fn a_file_that_is_there_is_not_written_over() {
    let folder = Folder::new();
    let first = folder.call(&OUTPUT, &[("TALLYBOARD__KAFKA__GROUP_ID", "007")]);
    assert_eq!((first.code, first.stdout.as_str()), (Some(0), ""), "{}", first.stderr);
    let written = folder.read("tallyboard.toml");
    assert!(written.contains("group_id = \"007\"\n"), "{written}");

    // What is written is read again, as ./tallyboard.toml.
    let printed = folder.call(&["check-config"], &[]);
    assert_eq!((printed.code, printed.stdout), (Some(0), written.clone()), "{}", printed.stderr);

    let again = folder.call(&OUTPUT, &[("TALLYBOARD__KAFKA__GROUP_ID", "008")]);
    assert_eq!(again.code, Some(1), "{}", again.stderr);
    assert!(again.stderr.contains("tallyboard.toml is there already; name another file, or use --force"));
    assert_eq!(folder.read("tallyboard.toml"), written);

    let arguments = [&OUTPUT[..], &["--force"]].concat();
    let forced = folder.call(&arguments, &[("TALLYBOARD__KAFKA__GROUP_ID", "008")]);
    assert_eq!(forced.code, Some(0), "{}", forced.stderr);
    assert_eq!(folder.read("tallyboard.toml"), written.replace("007", "008"));
}

#[test]
fn a_wrong_configuration_ends_with_code_3_and_shows_no_password() {
    let folder = Folder::new();
    for (file, variables, expected) in [
        ("[kafka.properties]\n\"session.timeot.ms\" = \"1\"", &[][..], "session.timeot.ms"),
        ("", &[("TALLYBOARD__KAFKA__PROPERTIES__SESSION.TIMEOT.MS", "1")], "session.timeot.ms"),
        (
            "[serve]\nconnections_max = 9223372036854775807",
            &[],
            "connections_max is 9223372036854775807; expected",
        ),
        ("[kafka]\nsasl_password = \"open-sesame", &[], "tallyboard.toml, line 2: "),
        ("", &[("TALLYBOARD__KAFKA__SASL_PASSWORD", "(hidden)")], "kafka.sasl_password is \"(hidden)\""),
        ("", &[("TALLYBOARD__KAFKA__SASL_PASSWORT", "open-sesame")], "sasl_passwort"),
    ] {
        folder.write("tallyboard.toml", file);
        let found = folder.call(&["check-config"], variables);
        assert_eq!(found.code, Some(3), "{file}{variables:?}: {}", found.stderr);
        assert!(found.stderr.contains(expected), "{file}{variables:?}: {}", found.stderr);
        assert!(!found.stderr.contains("open-sesame"), "{}", found.stderr);
    }
}

#[test]
fn a_password_of_digits_is_accepted_and_not_shown() {
    let variables = [
        ("TALLYBOARD__KAFKA__SECURITY_PROTOCOL", "sasl_ssl"),
        ("TALLYBOARD__KAFKA__SASL_USERNAME", "007"),
        ("TALLYBOARD__KAFKA__SASL_PASSWORD", "12345"),
    ];
    let found = Folder::new().call(&["check-config"], &variables);
    assert_eq!(found.code, Some(0), "{}", found.stderr);
    assert!(
        found.stdout.contains("sasl_username = \"007\"\n# sasl_password is set and not shown"),
        "{}",
        found.stdout
    );
    assert!(!found.stdout.contains("12345"), "{}", found.stdout);
}

#[test]
fn what_matters_is_told_with_the_configuration() {
    let folder = Folder::new();
    folder.write("tallyboard.toml", "[kpis]\nobjectives = [\"set_right_quotas\"]\nalso = [\"open_deals\"]\n");
    let found = folder.call(&["check-config"], &[]);
    assert_eq!(found.code, Some(0), "{}", found.stderr);
    assert!(
        found.stdout.contains("[kpis]\nobjectives = [\"set_right_quotas\"]\nalso = [\"open_deals\"]\nflat_")
    );
    let expected = "won_amount, quota_attainment, reps_at_quota, reps_by_attainment, open_deals, pipeline_coverage\n  set_right_quotas: Who";
    assert!(found.stderr.starts_with("6 of ") && found.stderr.contains(expected), "{}", found.stderr);

    folder.write("tallyboard.toml", "[kpis]\nobjectives = [\"all\"]\n");
    assert!(!folder.call(&["check-config"], &[]).stderr.contains("(the API has all)"));
    folder.write("tallyboard.toml", "[kpis]\nalso = [\"winrate\"]\n");
    let wrong = folder.call(&["serve"], &[]);
    assert_eq!(wrong.code, Some(3), "{}", wrong.stderr);
    assert!(wrong.stderr.contains("there is no KPI \"winrate\"; nearest: win_rate"), "{}", wrong.stderr);
}

#[test]
fn what_init_writes_is_accepted_and_never_written_over() {
    let folder = Folder::new();
    let answers = [
        "init",
        "--yes",
        "--currency",
        "EUR",
        "--objectives",
        "grow_deal_size",
        "--registry",
        "http://r:8081",
    ];
    let first = folder.call(&answers, &[]);
    assert_eq!((first.code, first.stdout.as_str()), (Some(0), ""), "{}", first.stderr);
    for expected in ["written to tallyboard.toml", "4 of ", "What to do next:\n  tallyboard check-config\n"] {
        assert!(first.stderr.contains(expected), "no {expected} in {}", first.stderr);
    }
    let written = folder.read("tallyboard.toml");
    for expected in
        ["\nreporting_currency = \"EUR\"\n", "\n#time_zone = \"UTC\"\n", "\nformat = \"confluent-avro\"\n"]
    {
        assert!(written.contains(expected), "no {expected} in {written}");
    }
    let checked = folder.call(&["check-config"], &[]);
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
    assert!(checked.stdout.contains("reporting_currency = \"EUR\"") && checked.stderr.starts_with("4 of "));

    let again = folder.call(&["init", "--yes"], &[]);
    assert_eq!(again.code, Some(1), "{}", again.stderr);
    assert!(again.stderr.contains("tallyboard.toml is there already; name another file, or use --force"));
    assert_eq!(folder.read("tallyboard.toml"), written);
    let forced = folder.call(&["init", "--yes", "--force"], &[]);
    assert_eq!(forced.code, Some(0), "{}", forced.stderr);
    let printed = folder.call(&["init", "--yes", "--output", "-"], &[]);
    assert_eq!((printed.code, printed.stdout), (Some(0), folder.read("tallyboard.toml")));
}

#[test]
fn init_does_not_guess_what_it_cannot_ask() {
    let folder = Folder::new();
    for (arguments, expected) in [
        (&["init"][..], "there is no terminal to ask at; add --yes"),
        (&["init", "--yes", "--stages", "lead,won"], "the answers do not make a configuration"),
        (&["init", "--yes", "--objectives", "fix_funnel"], "nearest: fix_the_funnel"),
    ] {
        let found = folder.call(arguments, &[]);
        assert_eq!(found.code, Some(2), "{arguments:?}: {}", found.stderr);
        assert!(found.stderr.contains(expected), "{arguments:?}: {}", found.stderr);
        assert!(!folder.path("tallyboard.toml").exists());
    }
}
