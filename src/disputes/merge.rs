//! Two reports of one dispute become one state, whatever order they arrive in.

use crate::domain::{Dispute, DisputeStatus, EventId, Timestamp};

/// Joins what is known of a dispute with another report of it.
///
/// The state is what the latest report by the processor's clock says, whole: a member it no longer
/// has is gone. Neither that time nor the stage ever goes back. The stage is kept apart because a
/// processor's last word after an appeal (`lost`) does not repeat that there was one.
///
/// The join is commutative, associative and idempotent, so reports may arrive late, twice and in any
/// order, and the state can be rebuilt from the record at any time. Cost: O(1).
///
/// Rejected: filling gaps of the later report from the earlier one (the result would depend on which
/// of three came first), and ordering by stage before time (the outcome of an appeal would lose
/// against the appeal).
pub fn merge(current: Option<Dispute>, report: Dispute) -> Dispute {
    let Some(current) = current else { return report };
    let (mut newest, older) =
        if rank(&report) > rank(&current) { (report, current) } else { (current, report) };
    if newest.updated_by == older.updated_by {
        // The same message again; by now the sale may have been found.
        newest.transaction_id = newest.transaction_id.or(older.transaction_id);
    }
    newest.stage = newest.stage.max(older.stage);
    newest.opened_at = newest.opened_at.min(older.opened_at);
    newest
}

/// The order of reports. Processors send several in one second: then the more final one is later,
/// and the identifier breaks the tie that is left.
fn rank(dispute: &Dispute) -> (Timestamp, u8, &EventId) {
    use DisputeStatus as S;
    let finality = match dispute.status {
        S::Unknown => 0,
        S::NeedsResponse => 1,
        S::UnderReview => 2,
        S::Won | S::Lost | S::Accepted | S::Prevented | S::Withdrawn => 3,
    };
    (dispute.updated_at, finality, &dispute.updated_by)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disputes::stripe;
    use crate::domain::{DisputeStage, TransactionId};
    use proptest::prelude::*;

    fn report(event: u8, second: u8, status: &str) -> Dispute {
        let body = format!(
            r#"{{"object":"event","id":"evt_{event}","type":"charge.dispute.updated","created":{},
                "data":{{"object":{{"object":"dispute","id":"dp_1","amount":100,"currency":"eur",
                "created":{},"status":"{status}"}}}}}}"#,
            1_700_000_000 + u32::from(second),
            1_700_000_000 - u32::from(event % 2),
        );
        stripe::read(body.as_bytes()).unwrap().dispute.unwrap()
    }

    const STATUSES: [&str; 9] = [
        "warning_needs_response",
        "warning_closed",
        "needs_response",
        "under_review",
        "won",
        "lost",
        "appeal_needs_response",
        "prevented",
        "paused",
    ];

    fn fold(reports: &[Dispute]) -> Dispute {
        reports.iter().cloned().fold(None, |state, report| Some(merge(state, report))).unwrap()
    }

    fn arb_reports() -> impl Strategy<Value = Vec<Dispute>> {
        // The identifier decides time and status, as it does in life; few seconds make ties.
        let statuses = prop::collection::vec((0..3_u8, 0..STATUSES.len(), any::<bool>()), 1..5);
        statuses.prop_flat_map(|list| {
            let reports: Vec<Dispute> = (0_u8..)
                .zip(list)
                .flat_map(|(event, (second, status, twice))| {
                    let first = report(event, second, STATUSES[status]);
                    let mut again = first.clone();
                    again.transaction_id = Some(TransactionId::new("tx-1").unwrap());
                    if twice { vec![first, again] } else { vec![first] }
                })
                .collect();
            Just(reports).prop_shuffle()
        })
    }

    proptest! {
        #[test]
        fn order_and_repetition_change_nothing(
            reports in arb_reports(), seed in any::<prop::sample::Index>(),
        ) {
            let state = fold(&reports);
            let mut other = reports.clone();
            other.sort_by_key(|report| report.updated_by.clone());
            prop_assert_eq!(&fold(&other), &state);
            other.reverse();
            other.push(reports[seed.index(reports.len())].clone());
            prop_assert_eq!(&fold(&other), &state);
            // Associative: two halves joined.
            let (left, right) = reports.split_at(seed.index(reports.len()).max(1));
            if !right.is_empty() {
                prop_assert_eq!(&merge(Some(fold(left)), fold(right)), &state);
            }
        }

        #[test]
        fn time_and_stage_never_go_back(reports in arb_reports()) {
            let mut state: Option<Dispute> = None;
            for report in reports {
                let next = merge(state.clone(), report);
                if let Some(before) = state {
                    prop_assert!(next.updated_at >= before.updated_at);
                    prop_assert!(next.stage >= before.stage);
                }
                state = Some(next);
            }
        }
    }

    #[test]
    fn an_appeal_keeps_its_stage_and_gets_its_outcome() {
        let state = fold(&[
            report(3, 30, "lost"),
            report(1, 10, "needs_response"),
            report(2, 20, "appeal_needs_response"),
        ]);
        assert_eq!(state.stage, DisputeStage::PreArbitration);
        assert_eq!(state.status, DisputeStatus::Lost);
    }

    #[test]
    fn in_one_second_the_final_word_stands() {
        let state = fold(&[report(1, 10, "lost"), report(9, 10, "under_review")]);
        assert_eq!(state.status, DisputeStatus::Lost);
    }
}
