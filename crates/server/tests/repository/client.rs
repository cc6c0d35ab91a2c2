use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::http;

/// One connection that is kept alive.
pub(crate) struct Client {
    http: http::Client,
}

/// A status and a body, which is JSON wherever there is one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { http: http::Client::connect(address) }
    }

    pub(crate) fn get(&mut self, path: &str) -> Reply {
        self.ask(&http::get(path))
    }

    pub(crate) fn post(&mut self, path: &str, body: &Value) -> Reply {
        self.ask(&http::post(path, "", body.to_string().as_bytes()))
    }

    /// Asks for one row of three numbers.
    pub(crate) fn infer(&mut self, model: &str, first: f32) -> Reply {
        let input = json!({ "name": "x", "datatype": "FP32", "shape": [1, 3], "data": [first, 1.0, 2.0] });
        self.post(&format!("/v2/models/{model}/infer"), &json!({ "inputs": [input] }))
    }

    /// The version that answered a row of three numbers, with those.
    pub(crate) fn version_of(&mut self, model: &str) -> String {
        self.infer(model, 7.0).version(7.0)
    }

    pub(crate) fn load(&mut self, model: &str, parameters: &Value) -> Reply {
        self.post(&format!("/v2/repository/models/{model}/load"), &json!({ "parameters": parameters }))
    }

    pub(crate) fn unload(&mut self, model: &str) -> Reply {
        self.post(&format!("/v2/repository/models/{model}/unload"), &json!({}))
    }

    /// Every line of the index, as `name/version state reason`.
    pub(crate) fn index(&mut self) -> Vec<String> {
        let reply = self.post("/v2/repository/index", &json!({}));
        let text = |line: &Value, field: &str| line[field].as_str().unwrap_or_default().to_owned();
        let line = |line: &Value| {
            let [name, version, state, reason] =
                ["name", "version", "state", "reason"].map(|field| text(line, field));
            format!("{name}/{version} {state} {reason}").trim_end().to_owned()
        };
        reply.body.as_array().unwrap().iter().map(line).collect()
    }

    pub(crate) fn is_ready(&mut self) -> bool {
        self.get("/v2/health/ready").status == 200
    }

    fn ask(&mut self, request: &[u8]) -> Reply {
        let reply = self.http.call(request);
        let text = reply.text();
        assert!(text.is_empty() || reply.headers["content-type"] == "application/json", "{text}");
        Reply { status: reply.status, body: serde_json::from_str(&text).unwrap_or_default() }
    }
}

impl Reply {
    /// The version that copied the row which began with `first`.
    pub(crate) fn version(&self, first: f32) -> String {
        assert_eq!(self.status, 200, "{}", self.body);
        let data = self.body["outputs"][0]["data"].as_array().unwrap();
        assert_eq!(data.iter().map(|number| number.as_f64().unwrap()).next(), Some(f64::from(first)));
        self.body["model_version"].as_str().unwrap().to_owned()
    }

    pub(crate) fn error(&self) -> &str {
        assert_ne!(self.status, 200);
        self.body["error"].as_str().unwrap()
    }
}
