//! Concrete matching of a lower-case pattern and a lower-case name, for lookups in a catalog.
//!
//! This is a convenience of the catalogs; what patterns mean for a policy is decided elsewhere.

/// Whether a lower-case IAM pattern matches a lower-case name; linear in memory, and at worst
/// quadratic in time because only the last `*` is ever retried.
pub(crate) fn glob(pattern: &str, name: &str) -> bool {
    let (mut pattern, mut name) = (pattern.as_bytes(), name.as_bytes());
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        match (pattern.split_first(), name.split_first()) {
            (Some((b'*', rest)), _) => {
                retry = Some((rest, name));
                pattern = rest;
            }
            (Some((want, rest)), Some((have, tail))) if *want == b'?' || want == have => {
                (pattern, name) = (rest, tail);
            }
            (None, None) => return true,
            _ => {
                let Some((after_star, from)) = retry else { return false };
                let Some((_, tail)) = from.split_first() else { return false };
                retry = Some((after_star, tail));
                (pattern, name) = (after_star, tail);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::glob;
    use proptest::prelude::*;

    /// The definition, straight: exponential, but obviously right.
    fn plain(pattern: &[u8], name: &[u8]) -> bool {
        match pattern {
            [] => name.is_empty(),
            [b'*', rest @ ..] => (0..=name.len()).any(|at| plain(rest, &name[at..])),
            [b'?', rest @ ..] => !name.is_empty() && plain(rest, &name[1..]),
            [first, rest @ ..] => name.first() == Some(first) && plain(rest, &name[1..]),
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_the_definition(pattern in "[ab*?]{0,8}", name in "[ab]{0,8}") {
            prop_assert_eq!(glob(&pattern, &name), plain(pattern.as_bytes(), name.as_bytes()));
        }
    }

    #[test]
    fn a_pattern_bomb_is_quick() {
        assert!(!glob(&format!("{}c", "a*".repeat(200)), &format!("{}b", "a".repeat(2000))));
    }
}
