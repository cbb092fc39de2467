//! Differences: every way in which a gateway and our books can disagree, and how grave each is.

use crate::words::Word;

/// What differs, in broad terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingType {
    /// The gateway moved money that our books do not hold as moved.
    MissingHere,
    /// Our books hold money as moved that the gateway does not list.
    MissingThere,
    /// Both have it, of different amounts.
    Amount,
    /// The gateway keeps or pays out something else than was agreed.
    Fee,
    /// The same thing twice.
    Duplicate,
    /// The gateway holds for done what we hold for refused, or for undone what we hold for done.
    Status,
    /// The gateway names a payment that no order of ours has, or names ours otherwise.
    UnknownKey,
    /// The gateway's own reports disagree with each other.
    Sources,
}

impl Word for FindingType {
    const ALL: &'static [Self] = &[
        Self::MissingHere,
        Self::MissingThere,
        Self::Amount,
        Self::Fee,
        Self::Duplicate,
        Self::Status,
        Self::UnknownKey,
        Self::Sources,
    ];
    const SET: &'static str = "finding type";

    fn word(self) -> &'static str {
        match self {
            Self::MissingHere => "missing_here",
            Self::MissingThere => "missing_there",
            Self::Amount => "amount",
            Self::Fee => "fee",
            Self::Duplicate => "duplicate",
            Self::Status => "status",
            Self::UnknownKey => "unknown_key",
            Self::Sources => "sources",
        }
    }
}

/// What differs, exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Difference {
    /// Our books hold it in doubt.
    InDoubt,
    /// Our books hold that it was never made.
    BelievedNot,
    /// Our books hold the charge in doubt; the gateway charged it and gave all of it back.
    UndoneThere,
    /// A refund of our charge that our books do not know.
    UnknownRefund,
    /// No report lists what we hold as done.
    NotListed,
    /// The gateway moved another amount.
    Amount,
    /// The fee is not what was agreed.
    FeeRate,
    /// What is paid out is not the amount less the fee.
    PayOut,
    /// The VAT is not a part of the fee.
    Vat,
    /// The fee is not the one in our ledger.
    FeePosted,
    /// One report lists one movement more than once.
    RepeatedLine,
    /// A second charge under one order id, beside the one that pays the order.
    SecondCharge,
    /// A second charge under one order id, and it cannot be told which of them pays the order.
    RivalCharge,
    /// The gateway gave the whole charge back; we hold it charged.
    RefundedThere,
    /// The gateway moved what we hold for refused.
    MovedThere,
    /// No order of ours has this reference or order id.
    UnknownKey,
    /// The movement is ours by one name and not ours by another.
    NamesContradict,
    /// Two reports tell the movement differently.
    SourcesDisagree,
    /// One report has it and another, which must, has not.
    ListedInPart,
}

impl Difference {
    /// What it is in broad terms.
    pub const fn kind(self) -> FindingType {
        match self {
            Self::InDoubt | Self::BelievedNot | Self::UndoneThere | Self::UnknownRefund => {
                FindingType::MissingHere
            }
            Self::NotListed => FindingType::MissingThere,
            Self::Amount => FindingType::Amount,
            Self::FeeRate | Self::PayOut | Self::Vat | Self::FeePosted => FindingType::Fee,
            Self::RepeatedLine | Self::SecondCharge | Self::RivalCharge => FindingType::Duplicate,
            Self::RefundedThere | Self::MovedThere => FindingType::Status,
            Self::UnknownKey | Self::NamesContradict => FindingType::UnknownKey,
            Self::SourcesDisagree | Self::ListedInPart => FindingType::Sources,
        }
    }

    /// How grave it is.
    pub const fn severity(self) -> Severity {
        match self {
            Self::BelievedNot
            | Self::UnknownRefund
            | Self::Amount
            | Self::SecondCharge
            | Self::RivalCharge
            | Self::RefundedThere
            | Self::MovedThere
            | Self::UnknownKey
            | Self::NamesContradict => Severity::Critical,
            Self::InDoubt
            | Self::UndoneThere
            | Self::NotListed
            | Self::PayOut
            | Self::FeePosted
            | Self::SourcesDisagree
            | Self::ListedInPart => Severity::Warning,
            Self::FeeRate | Self::Vat | Self::RepeatedLine => Severity::Notice,
        }
    }
}

impl Word for Difference {
    const ALL: &'static [Self] = &[
        Self::InDoubt,
        Self::BelievedNot,
        Self::UndoneThere,
        Self::UnknownRefund,
        Self::NotListed,
        Self::Amount,
        Self::FeeRate,
        Self::PayOut,
        Self::Vat,
        Self::FeePosted,
        Self::RepeatedLine,
        Self::SecondCharge,
        Self::RivalCharge,
        Self::RefundedThere,
        Self::MovedThere,
        Self::UnknownKey,
        Self::NamesContradict,
        Self::SourcesDisagree,
        Self::ListedInPart,
    ];
    const SET: &'static str = "difference";

    fn word(self) -> &'static str {
        match self {
            Self::InDoubt => "in_doubt",
            Self::BelievedNot => "believed_not",
            Self::UndoneThere => "undone_there",
            Self::UnknownRefund => "unknown_refund",
            Self::NotListed => "not_listed",
            Self::Amount => "amount",
            Self::FeeRate => "fee_rate",
            Self::PayOut => "pay_out",
            Self::Vat => "vat",
            Self::FeePosted => "fee_posted",
            Self::RepeatedLine => "repeated_line",
            Self::SecondCharge => "second_charge",
            Self::RivalCharge => "rival_charge",
            Self::RefundedThere => "refunded_there",
            Self::MovedThere => "moved_there",
            Self::UnknownKey => "unknown_key",
            Self::NamesContradict => "names_contradict",
            Self::SourcesDisagree => "sources_disagree",
            Self::ListedInPart => "listed_in_part",
        }
    }
}

/// How grave a finding is, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Somebody's money may be in the wrong place.
    Critical,
    /// Nothing is lost yet; it must be resolved.
    Warning,
    /// The gateway's bookkeeping is off.
    Notice,
}

impl Word for Severity {
    const ALL: &'static [Self] = &[Self::Critical, Self::Warning, Self::Notice];
    const SET: &'static str = "severity";

    fn word(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}
