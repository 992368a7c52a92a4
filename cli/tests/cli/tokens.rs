//! Tokens, from the first one to the last.

use crate::cluster::{Cluster, Said, edgerm, say};

#[test]
fn a_token_is_issued_shown_and_revoked() {
    let cluster = Cluster::up();
    let url = &*cluster.url;
    let say_with = |token: Option<&str>, args: &[&str]| {
        let shown = token.map_or_else(Vec::new, |token| vec!["--token", token]);
        say(&[args, &["--master", url], &shown].concat())
    };
    let issue = |token, name, role| {
        say_with(token, &["tokens", "issue", name, "--role", role])
            .ok()
            .trim_end()
            .to_owned()
    };
    // The one who brought it up is an operator, with no token to show; others are nobody.
    let operator = issue(None, "ops", "operator");
    let stranger = say_with(Some("edgerm_0"), &["agents"]);
    assert_eq!(stranger.code, Some(4), "{stranger:?}");
    let elsewhere = edgerm(&["agents", "--master", url])
        .env("XDG_RUNTIME_DIR", env!("CARGO_TARGET_TMPDIR"))
        .output();
    let unproven = Said::from(elsewhere.unwrap());
    assert_eq!(unproven.code, Some(4), "{unproven:?}");
    assert!(unproven.stderr.contains("EDGERM_TOKEN"), "{unproven:?}");
    say_with(Some(&operator), &["agents"]).ok();

    let reader = issue(Some(&operator), "eyes", "read-only");
    say_with(Some(&reader), &["ps"]).ok();
    let refused = say_with(Some(&reader), &["tokens", "list"]);
    assert_eq!(refused.code, Some(4), "{refused:?}");

    let listed = say_with(Some(&operator), &["tokens", "list", "-q"]).ok();
    assert_eq!(listed, "eyes\nops\nup\n");

    let farm = "tokens issue farm --role framework --allow-permission log \
                --allow-permission emit --allow-sensor temperature --allow-actuator none \
                --bytes-per-day 1000000";
    let farm: Vec<&str> = farm.split_whitespace().collect();
    say_with(Some(&operator), &farm).ok();
    let listed = say_with(Some(&operator), &["tokens", "list"]).ok();
    let shown = "permissions=emit,log sensors=temperature actuators=none bytes/day=1000000";
    assert!(listed.contains(shown), "{listed}");
    let not_theirs = ["tokens", "issue", "more", "--role", "operator"];
    let not_theirs = [&not_theirs[..], &["--bytes-per-day", "1"]].concat();
    let refused = say_with(Some(&operator), &not_theirs);
    assert_ne!(refused.code, Some(0), "{refused:?}");
    assert!(refused.stderr.contains("role framework"), "{refused:?}");
    say_with(Some(&operator), &["tokens", "revoke", "farm"]).ok();
    say_with(Some(&operator), &["tokens", "revoke", "eyes"]).ok();
    let revoked = say_with(Some(&reader), &["ps"]);
    assert_eq!(revoked.code, Some(4), "{revoked:?}");
    let garbled = say_with(Some("a\nb"), &["ps"]);
    assert_eq!(garbled.code, Some(2), "{garbled:?}");
    say_with(None, &["tokens", "revoke", "ops"]).ok();
    say_with(None, &["agents"]).ok();
}
