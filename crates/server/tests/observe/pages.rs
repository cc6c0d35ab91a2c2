use crate::served::Running;

/// What a page's text refers to: the values of `src` and `href`, and what its modules import.
fn references(text: &str) -> Vec<&str> {
    let after = |mark: &'static str, end: char| {
        text.split(mark).skip(1).filter_map(move |rest| rest.split(end).next())
    };
    let attributes = after(" src=\"", '"').chain(after(" href=\"", '"'));
    attributes.chain(after("from \"./", '"')).chain(after("import \"./", '"')).collect()
}

#[test]
fn pages_and_all_they_refer_to_are_served_by_this_server() {
    let running = Running::start(&[]);
    let mut seen = vec!["/".to_owned(), "/docs".to_owned()];
    let mut next = 0;
    while next < seen.len() {
        let reply = running.get(&seen[next], &[]);
        assert_eq!(reply.status, 200, "{}", seen[next]);
        assert!(!reply.body.is_empty(), "{}", seen[next]);
        for reference in references(&reply.body) {
            assert!(!reference.contains("//"), "{reference} in {}", seen[next]);
            let path =
                if reference.starts_with('/') { reference.to_owned() } else { format!("/-/{reference}") };
            if !reference.starts_with('#') && !seen.contains(&path) {
                seen.push(path);
            }
        }
        next += 1;
    }
    assert!(seen.iter().any(|path| path == "/-/chart.js") && seen.len() > 12, "{seen:?}");
}

#[test]
fn pages_allow_nothing_from_elsewhere() {
    let running = Running::start(&["secret"]);
    for path in ["/", "/docs", "/-/live.js", "/-/base.css"] {
        let reply = running.get(path, &[]);
        assert_eq!(reply.status, 200, "{path}: its reader has not been asked for a key yet");
        let policy = reply.headers.lines().find(|line| line.starts_with("content-security-policy")).unwrap();
        for rule in
            ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'none'"]
        {
            assert!(policy.contains(rule), "{policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
        assert!(reply.headers.contains("x-content-type-options: nosniff"));
        let inline = ["<style", " style=", "<script>", " onclick=", "eval("];
        assert!(!inline.iter().any(|text| reply.body.contains(text)), "{path}");
    }
}

#[test]
fn live_figures_are_of_every_model() {
    let running = Running::start(&[]);
    running.infer(7);
    let live: serde_json::Value = serde_json::from_str(&running.get("/-/live", &[]).body).unwrap();
    let model = &live["models"][0];
    assert_eq!(
        (&model["name"], &model["version"], &model["state"]),
        (&"copy".into(), &3.into(), &"READY".into())
    );
    let figures = &model["running"];
    assert_eq!(
        (&figures["requests"], &figures["rows"], &figures["batches"]),
        (&1.into(), &7.into(), &1.into())
    );
    assert_eq!(figures["batch_sizes"], serde_json::json!([[1, 0], [2, 0], [4, 0], [8, 1], [12, 0]]));
    assert_eq!(figures["slo_us"], 10_000_000);
    let counts = |times: &str| figures[times]["counts"].as_array().unwrap().clone();
    for times in ["queue", "compute", "total"] {
        assert_eq!(counts(times).len(), live["bounds_us"].as_array().unwrap().len() + 1);
        assert_eq!(counts(times).iter().filter_map(serde_json::Value::as_u64).sum::<u64>(), 1);
    }
}

#[test]
fn the_document_describes_the_whole_interface() {
    let running = Running::start(&[]);
    let document: serde_json::Value =
        serde_json::from_str(&running.get("/docs/openapi.json", &[]).body).unwrap();
    let tags: Vec<_> = document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    let paths = document["paths"].as_object().unwrap();
    for path in ["/v2/models/{model}/infer", "/v2/health/ready", "/v2/repository/index", "/metrics"] {
        assert!(paths.contains_key(path), "{path}");
    }
    for (path, methods) in paths {
        for operation in methods.as_object().unwrap().values() {
            assert!(tags.contains(&&operation["tags"][0]), "{path}: {operation}");
            assert!(operation["summary"].is_string(), "{path}");
        }
    }
}
