//! The description of all of this: an OpenAPI 3.1 document, made from what answers and checks are made from.
//!
//! Schemas follow from the types that are serialised, parameters from the definitions that requests are checked
//! against, paths from the list that the router is made from.

mod operations;
mod page;
mod responses;
pub(crate) mod words;

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value as Json, json};

use crate::options::ServeOptions;
use crate::parameters::Parameter;
use crate::problem::ProblemDocument;
use crate::router::Endpoint;

pub(crate) use page::page;

const ABOUT: &str = "\
Sales numbers as they are now, each with how far it goes and what it is made of. Everything is read-only: GET, and HEAD for the \
same without a body; any other method is answered with 405 and `Allow`.

- **Values**: money is decimal text, all else a number. What cannot be told is null, with `absent_reason`; it is never 0 instead.
- **Errors** are problem documents (RFC 9457, `application/problem+json`); `detail` says what was found and what was expected. 400: a \
parameter is not known, there twice, missing, or not as described here. 404: nothing has that path or id. 422: each parameter is as \
described, but they do not go together or mean nothing in this organisation, as `2025-W53`. 503: not now; `Retry-After` says when to \
ask again. Only what is refused while it is read, such as what is no HTTP or has more than 100 headers, gets a bare status.
- **Asking again**: documents have an `ETag` that stays while they say the same, whatever the time of asking. With it in \
`If-None-Match`, the answer is 304 until they do not.
- **Pages**: where a list can be long, `limit` says how much of it comes at once. The `next` of a page is the `after` of the one \
behind it; null at the end.
- **Access**: there is none of its own; put a proxy before it.";

/// The document.
pub(crate) fn document(options: &ServeOptions) -> Json {
    let settings = SchemaSettings::draft2020_12()
        .with(|settings| {
            settings.definitions_path = words::SCHEMAS.into();
            settings.meta_schema = None;
        })
        .for_serialize();
    let mut schemas = settings.into_generator();
    schemas.subschema_for::<ProblemDocument<'_>>();
    let paths = Endpoint::all().map(|endpoint| (endpoint.path(), path(endpoint, options, &mut schemas)));
    let paths: Map<String, Json> = paths.collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Tallyboard",
            "summary": "Sales numbers as they are now",
            "description": ABOUT,
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": operations::tags(),
        "paths": paths,
        "components": {
            "responses": responses::shared(options),
            "headers": responses::headers(),
            "schemas": schemas.take_definitions(true),
        },
    })
}

fn path(endpoint: Endpoint, options: &ServeOptions, schemas: &mut SchemaGenerator) -> Json {
    let operation = operations::operation(endpoint);
    let in_query = endpoint.parameters().iter().map(|one| parameter(*one, options));
    let parameters: Vec<Json> = in_query.chain(operations::headers(endpoint)).collect();
    json!({
        "get": {
            "operationId": operation.id,
            "tags": [operation.tag],
            "summary": operation.summary,
            "description": operation.about,
            "parameters": parameters,
            "responses": responses::of(endpoint, schemas),
        },
    })
}

fn parameter(parameter: &dyn Parameter, options: &ServeOptions) -> Json {
    let mut json = json!({
        "name": parameter.name(),
        "in": "query",
        "description": parameter.about(),
        "required": parameter.is_required(),
        "schema": parameter.schema(options),
    });
    if let Some(example) = parameter.example() {
        json["example"] = example;
    }
    json
}
