//! `tallyboard openapi`: the description of the HTTP API.

use clap::Args;
use serve::openapi_json;

use crate::exit::Failure;
use crate::settings::Settings;
use crate::show_json;

/// Prints the description of the HTTP API: OpenAPI 3.1, as the running service has it at /api/v1/openapi.json.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tallyboard openapi > openapi.json
  tallyboard openapi | jq -r '.paths | keys[]'
  tallyboard openapi --config /etc/tallyboard.toml     # with the limits of that configuration")]
pub(crate) struct OpenapiArguments {}

pub(crate) fn run(settings: &Settings) -> Result<(), Failure> {
    Ok(show_json(&openapi_json(&settings.serve))?)
}
