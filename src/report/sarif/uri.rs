//! Paths of files as URIs. Consumers resolve relative ones against the root of the repository, which the path of a
//! file can only be relative to when it does not climb out of the folder the program was started in.

use super::shape::ArtifactLocation;

/// The symbolic name of the root of the repository.
pub(super) const ROOT: &str = "%SRCROOT%";

/// The place of the file `path`, which is relative to the current folder or absolute.
pub(super) fn artifact(path: &str) -> ArtifactLocation {
    let path = if path == "-" { "stdin" } else { path };
    let path = if cfg!(windows) { path.replace('\\', "/") } else { path.to_owned() };
    if path.starts_with('/') {
        return ArtifactLocation { uri: format!("file://{}", encoded(&path)), uri_base_id: None };
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            other => parts.push(other),
        }
    }
    let inside = parts.first() != Some(&"..");
    ArtifactLocation { uri: encoded(&parts.join("/")), uri_base_id: inside.then_some(ROOT) }
}

/// The path with everything escaped that a URI may not hold, or that would end its path or begin a scheme.
/// <https://www.rfc-editor.org/rfc/rfc3986#section-3.3>
fn encoded(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=@/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uris() {
        for (path, uri, base) in [
            ("estate/a.json", "estate/a.json", Some(ROOT)),
            ("./estate//x/../a.json", "estate/a.json", Some(ROOT)),
            ("-", "stdin", Some(ROOT)),
            ("a b/ü#?:%.json", "a%20b/%C3%BC%23%3F%3A%25.json", Some(ROOT)),
            ("../shared/a.json", "../shared/a.json", None),
            ("x/../../a.json", "../a.json", None),
            ("/tmp/a b.json", "file:///tmp/a%20b.json", None),
        ] {
            let artifact = artifact(path);
            assert_eq!((artifact.uri.as_str(), artifact.uri_base_id), (uri, base), "{path}");
        }
    }
}
