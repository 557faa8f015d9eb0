//! How often the exceptions of a sales floor occur.

use serde::{Deserialize, Serialize};

/// Defines the rates once: documentation, name, value for a believable company, value for property tests.
macro_rules! rates {
    ($($(#[doc = $doc:literal])+ $name:ident: $usual:literal, $tiny:literal;)+) => {
        /// How often the exceptions occur, each in `[0, 1]`.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Rates {
            $($(#[doc = $doc])+ pub $name: f64,)+
        }

        impl Default for Rates {
            fn default() -> Self {
                Self { $($name: $usual,)+ }
            }
        }

        impl Rates {
            pub(super) fn tiny() -> Self {
                Self { $($name: $tiny,)+ }
            }

            /// All rates with their names.
            pub(super) fn named(&self) -> Vec<(&'static str, f64)> {
                vec![$((stringify!($name), self.$name),)+]
            }
        }
    };
}

rates! {
    /// Of what happens to open deals: the owner changes.
    reassigned: 0.012, 0.06;
    /// Of what happens to open deals: the territory changes.
    territory_moved: 0.004, 0.05;
    /// Of what happens to open deals: the amount changes.
    amount_changed: 0.06, 0.10;
    /// Of what happens to open deals: the credits change.
    credits_changed: 0.005, 0.05;
    /// Of what happens to open deals: they go to another pipeline, if there is one.
    pipeline_changed: 0.003, 0.04;
    /// Of what happens to open deals: they go back to an earlier stage.
    moved_back: 0.02, 0.08;
    /// Of what happens to open deals: they are deleted.
    deleted: 0.004, 0.04;
    /// Of steps forward, and of new deals: a stage is skipped.
    skipped_stage: 0.05, 0.15;
    /// Of deleted deals: they come back.
    restored: 0.2, 0.5;
    /// Of closed deals: they are opened again.
    reopened: 0.03, 0.15;
    /// Of closed deals: they turn from won to lost or from lost to won without being opened.
    outcome_switched: 0.004, 0.08;
    /// Of closed deals: the amount changes afterwards.
    amount_changed_after_close: 0.04, 0.15;
    /// Of closed deals: the owner, the territory or the credits change afterwards.
    ownership_changed_after_close: 0.01, 0.12;
    /// Of closed deals: they are deleted afterwards.
    deleted_after_close: 0.004, 0.05;
    /// Of new deals: they are closed from the start.
    created_closed: 0.003, 0.05;
    /// Of new deals: no amount is known yet.
    without_amount: 0.12, 0.25;
    /// Of amounts: 0.
    zero_amount: 0.001, 0.05;
    /// Of amounts: below 0.
    negative_amount: 0.0, 0.08;
    /// Of changed amounts: in another currency.
    currency_changed: 0.01, 0.2;
    /// Of the events of deals with an amount: it is missing from the event.
    amount_omitted: 0.0, 0.08;
    /// Of new deals: several reps share the amount.
    split: 0.08, 0.3;
    /// Of new deals: a specialist is credited on top.
    overlay: 0.05, 0.2;
    /// Of what happens to deals: it has the very time of what happened before.
    equal_timestamp: 0.004, 0.12;
    /// Of deals and of activities: their events carry versions.
    versioned: 1.0, 0.7;
    /// Of the events of those: the version is missing all the same.
    version_omitted: 0.0, 0.08;
    /// Of activities: taken back.
    activity_retracted: 0.015, 0.12;
    /// Of activities: told again with other content and a higher version.
    activity_corrected: 0.025, 0.2;
    /// Of activities with clients and of preparation: for a deal.
    activity_with_deal: 0.75, 0.6;
    /// Of reps: they join late or leave.
    rep_turnover: 0.12, 0.3;
    /// Of what would fall on a weekend: it stays there.
    weekend: 0.04, 1.0;
}
