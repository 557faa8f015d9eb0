//! `check-config`, and how a wrong configuration ends every command.

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
