//! What JavaScript's `fetch` loads, as the rules look at it.

use js_sys::Promise;
use tollgate::http::{Fields, Reply};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    /// JavaScript's own, in pages, workers and Node.
    fn fetch(url: &str) -> Promise;

    type Response;

    #[wasm_bindgen(method, getter)]
    fn status(this: &Response) -> u16;

    #[wasm_bindgen(method, getter)]
    fn headers(this: &Response) -> Headers;

    #[wasm_bindgen(method, js_name = arrayBuffer)]
    fn bytes(this: &Response) -> Promise;

    type Headers;

    #[wasm_bindgen(method)]
    fn get(this: &Headers, name: &str) -> Option<String>;
}

/// An answer whose body has yet to be read.
pub(crate) struct Page {
    pub(crate) status: u16,
    response: Response,
    /// The values of [`Fields::NAMES`].
    fields: [Option<String>; 5],
}

/// Loads a page, up to its body.
pub(crate) async fn load(url: &str) -> Result<Page, JsValue> {
    let response: Response = JsFuture::from(fetch(url)).await?.unchecked_into();
    let headers = response.headers();
    let fields = Fields::NAMES.map(|name| headers.get(name));
    Ok(Page { status: response.status(), response, fields })
}

impl Page {
    /// Reads its body to the end.
    pub(crate) async fn read(&self) -> Result<(), JsValue> {
        JsFuture::from(self.response.bytes()).await.map(drop)
    }
}

impl Reply for Page {
    fn status(&self) -> u16 {
        self.status
    }

    /// The browser has joined those of one name.
    fn field(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let known = Fields::NAMES.iter().zip(&self.fields).find(|(known, _)| **known == name);
        known.and_then(|(_, value)| value.as_deref()).map(str::as_bytes).into_iter()
    }
}
