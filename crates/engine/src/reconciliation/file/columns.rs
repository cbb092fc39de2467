//! What a column may be called, in our words, in gateways' and in those of Korean settlement files.

/// What a column says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Column {
    Reference,
    Movement,
    OrderId,
    Kind,
    Amount,
    Currency,
    At,
    Fee,
    Supply,
    Vat,
    PayOut,
    SoldOn,
    PaidOutOn,
}

/// A column, what it is for, and the names that it is known by, without spaces and signs.
pub(super) struct Known {
    pub(super) column: Column,
    pub(super) wanted: &'static str,
    pub(super) names: &'static [&'static str],
}

pub(super) const KNOWN: &[Known] = &[
    Known {
        column: Column::Reference,
        wanted: "payment's key at the gateway",
        names: &["reference", "paymentkey", "paymentid", "결제키", "결제번호", "거래id", "tid"],
    },
    Known {
        column: Column::Movement,
        wanted: "movement's key at the gateway",
        names: &[
            "movement",
            "transactionkey",
            "transactionid",
            "거래키",
            "거래번호",
            "거래고유번호",
        ],
    },
    Known {
        column: Column::OrderId,
        wanted: "order id",
        names: &["gatewayorderid", "orderid", "orderno", "주문번호", "주문id", "가맹점주문번호"],
    },
    Known {
        column: Column::Kind,
        wanted: "direction",
        names: &[
            "kind",
            "type",
            "status",
            "구분",
            "거래구분",
            "거래유형",
            "거래상태",
            "결제상태",
            "상태",
        ],
    },
    Known {
        column: Column::Amount,
        wanted: "amount",
        names: &[
            "amount",
            "금액",
            "거래금액",
            "결제금액",
            "승인금액",
            "매출금액",
            "결제취소금액",
            "결제액",
            "거래액",
        ],
    },
    Known {
        column: Column::Currency,
        wanted: "currency",
        names: &["currency", "통화", "통화코드", "화폐"],
    },
    Known {
        column: Column::At,
        wanted: "moment",
        names: &[
            "at",
            "transactionat",
            "approvedat",
            "canceledat",
            "일시",
            "거래일시",
            "승인일시",
            "결제일시",
            "결제취소일시",
            "거래일",
            "승인일",
        ],
    },
    Known {
        column: Column::Fee,
        wanted: "fee with its VAT",
        names: &[
            "fee",
            "fees",
            "수수료",
            "수수료합계",
            "총수수료",
            "수수료vat포함",
            "수수료부가세포함",
        ],
    },
    Known {
        column: Column::Supply,
        wanted: "fee without its VAT",
        names: &[
            "supplyamount",
            "suppliedamount",
            "공급가액",
            "수수료공급가액",
            "수수료공급가",
            "수수료vat별도",
            "수수료부가세별도",
        ],
    },
    Known {
        column: Column::Vat,
        wanted: "VAT in the fee",
        names: &["vat", "부가세", "수수료부가세", "부가가치세", "수수료vat"],
    },
    Known {
        column: Column::PayOut,
        wanted: "sum paid out",
        names: &[
            "payout",
            "payoutamount",
            "지급액",
            "지급금액",
            "정산액",
            "정산금액",
            "정산예정금액",
            "당일정산액",
            "입금액",
        ],
    },
    Known {
        column: Column::SoldOn,
        wanted: "day it is booked on",
        names: &["soldon", "solddate", "매출일", "매출일자", "정산기준일", "정산매출일"],
    },
    Known {
        column: Column::PaidOutOn,
        wanted: "day it is paid out",
        names: &[
            "paidouton",
            "paidoutdate",
            "지급일",
            "지급일자",
            "정산일",
            "정산일자",
            "정산지급일",
            "정산예정일",
            "입금일",
        ],
    },
];

impl Column {
    /// The column that is called this, whatever its case, spaces and signs.
    pub(super) fn named(name: &str) -> Option<Self> {
        let plain: String =
            name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        KNOWN.iter().find(|known| known.names.contains(&&*plain)).map(|known| known.column)
    }

    /// What it is for.
    pub(super) fn wanted(self) -> &'static str {
        self.known().map_or("line", |known| known.wanted)
    }

    /// A name of it.
    pub(super) fn example(self) -> &'static str {
        self.known().and_then(|known| known.names.first().copied()).unwrap_or_default()
    }

    fn known(self) -> Option<&'static Known> {
        KNOWN.iter().find(|known| known.column == self)
    }
}
