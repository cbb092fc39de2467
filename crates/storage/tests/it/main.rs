//! The contract, told on both databases; then what is true of one of them alone.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod migration;
mod postgres;
mod postgres_server;
mod sqlite;
mod sqlite_file;

/// Tells every story of the suite on a database: one test a story.
macro_rules! stories {
    ($books:path: $($folder:ident :: $story:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $story() {
                payonce_storage::suite::$folder::$story(&$books().await).await;
            }
        )+

        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn a_row_that_somebody_else_changed_is_refused() {
            for table in payonce_storage::suite::refusals::GUARDED {
                payonce_storage::suite::refusals::a_row_that_somebody_else_changed_is_refused(
                    &$books().await,
                    table,
                )
                .await;
            }
        }
    };
}

/// The list of stories, once.
macro_rules! every_story {
    ($books:path) => {
        crate::stories! { $books:
            round_trip::what_is_saved_is_read_back_as_it_was,
            round_trip::what_is_changed_is_read_back_as_it_was,
            round_trip::a_done_obligation_is_out_of_sight,
            round_trip::a_sale_that_stayed_as_it_was_keeps_its_version,
            round_trip::a_remembered_call_is_read_back_as_it_was,
            round_trip::a_page_a_ruling_and_a_fee_are_read_back_as_they_were,
            round_trip::a_refund_is_read_back_as_it_was,
            round_trip::every_word_is_known_to_the_database,
            round_trip::an_incident_seen_again_is_stored_once,
            round_trip::privileged_acts_are_read_newest_first,
            refusals::a_refused_batch_leaves_nothing,
            refusals::one_live_attempt_per_payment,
            refusals::an_attempt_at_a_page_is_live_too,
            refusals::one_refund_of_a_charge_at_the_gateway,
            refusals::no_more_is_taken_back_than_was_given,
            refusals::the_audit_is_append_only,
            refusals::a_broken_rule_is_named,
            refusals::an_unbalanced_entry_is_refused,
            refusals::what_never_changes_cannot_be_changed,
            refusals::a_panicking_decision_commits_nothing,
            leases::what_is_due_is_leased_once,
            leases::claims_are_never_given_twice,
            leases::a_row_that_cannot_be_read_holds_nothing_up,
            leases::a_stale_fence_releases_nothing,
            leases::a_decision_sees_the_newest_fence,
            leases::an_appointed_look_up_is_due_then,
            leases::the_newest_do_not_wait_for_a_backlog,
            lists::orders_are_listed_newest_first,
            lists::products_are_listed_in_order_of_ids,
            lists::open_sales_are_those_with_an_attempt_at_the_gateway,
            lists::unresolved_sales_are_listed_oldest_first,
            lists::refunds_that_are_not_back_are_listed_oldest_first,
            lists::the_journal_keeps_the_order_of_commits,
            lists::orphans_are_found,
            lists::a_bad_row_is_named,
            lists::stock_in_holds_is_what_was_not_given_back,
            lists::a_change_touches_one_sale,
            concurrency::a_hot_product_is_never_oversold,
            concurrency::a_key_is_locked_until_the_commit,
            concurrency::overlapping_batches_never_deadlock,
            concurrency::a_sale_is_read_whole,
            reconciliation::what_became_certain_in_a_window_is_found,
            reconciliation::what_a_report_names_is_found,
            reconciliation::a_run_is_recorded_once_with_its_findings,
            reconciliation::a_finding_that_is_gone_is_closed_and_one_that_comes_back_is_not,
            reconciliation::one_process_takes_a_turn_until_its_lease_ends,
            access::an_email_belongs_to_one_user,
            access::a_server_key_is_found_by_its_digest,
            access::the_first_candidate_becomes_the_secret,
        }
    };
}

pub(crate) use {every_story, stories};
