//! Tokens, from the first one to the last.

use crate::cluster::{Cluster, say};

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
    let refused = say_with(None, &["tokens", "issue", "fleet", "--role", "framework"]);
    assert_eq!(refused.code, Some(4), "{refused:?}");
    assert!(refused.stderr.contains("operator"), "{refused:?}");

    let operator = issue(None, "ops", "operator");
    let unproven = say_with(None, &["agents"]);
    assert_eq!(unproven.code, Some(4), "{unproven:?}");
    assert!(unproven.stderr.contains("EDGERM_TOKEN"), "{unproven:?}");
    say_with(Some(&operator), &["agents"]).ok();

    let reader = issue(Some(&operator), "eyes", "read-only");
    say_with(Some(&reader), &["ps"]).ok();
    let refused = say_with(Some(&reader), &["tokens", "list"]);
    assert_eq!(refused.code, Some(4), "{refused:?}");

    let listed = say_with(Some(&operator), &["tokens", "list", "-q"]).ok();
    assert_eq!(listed, "eyes\nops\n");
    say_with(Some(&operator), &["tokens", "revoke", "eyes"]).ok();
    let revoked = say_with(Some(&reader), &["ps"]);
    assert_eq!(revoked.code, Some(4), "{revoked:?}");
    let garbled = say_with(Some("a\nb"), &["ps"]);
    assert_eq!(garbled.code, Some(2), "{garbled:?}");
    // The last one's end is the end of tokens.
    say_with(Some(&operator), &["tokens", "revoke", "ops"]).ok();
    say_with(None, &["agents"]).ok();
}
