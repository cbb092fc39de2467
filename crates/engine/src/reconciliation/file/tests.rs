//! Files as people have them.

use payonce_domain::{
    money::Money,
    reconciliation::{MovementType, Settled, Source},
};

use super::*;

fn origin() -> Origin {
    let day = Date::new(2026, 1, 14).expect("a day");
    Origin { gateway: GatewayName::new("toss"), day }
}

fn lines(text: &str) -> Vec<SettlementLine> {
    read(text.as_bytes(), &origin()).expect("understood")
}

fn refused(text: &str) -> String {
    read(text.as_bytes(), &origin()).expect_err("refused").to_string()
}

const OURS: &str = "\
reference,movement,gateway_order_id,kind,amount,at,fee,vat,pay_out,sold_on,paid_out_on
pay1,charge1,order1,charge,10000,2026-01-14T10:00:00+09:00,330,30,9670,2026-01-14,2026-01-17
pay1,refund1,order1,refund,4000,2026-01-14T11:00:00+09:00,132,12,3868,2026-01-14,2026-01-17
";

/// As Excel writes it: a mark at the beginning, quoted names with a line break, thousands, and minus
/// signs for what went back.
const KOREAN: &str = "\u{feff}매출일,결제키,거래키,\"주문번호\",\"구분\n(승인/취소)\",거래 상태,거래 일시,\
    \"결제·취소 금액\",\"수수료\n(VAT 포함)\",부가세,정산 금액,정산 지급일\r\n\
    2026.01.14,pay1,charge1,order1,,승인,2026-01-14 10:00:00,\"10,000\",330,30,\"9,670\",2026.01.17\r\n\
    2026.01.14,pay1,refund1,order1,,부분 취소,2026-01-14 11:00:00,\"-4,000\",-132,-12,\"-3,868\",20260117\r\n\
    ,,,,,,,,,,,\r\n";

const JSON: &str = r#"{"settlements": [
  {"paymentKey": "pay1", "transactionKey": "charge1", "orderId": "order1", "amount": 10000,
   "approvedAt": "2026-01-14T10:00:00+09:00", "fees": [{"type": "BASE", "fee": "300"}, {"fee": 30}],
   "supplyAmount": 300, "vat": 30, "payOutAmount": 9670, "soldDate": "2026-01-14",
   "paidOutDate": "2026-01-17", "cancel": null},
  {"paymentKey": "pay1", "transactionKey": "refund1", "orderId": "order1", "amount": -4000,
   "approvedAt": "2026-01-14T11:00:00+09:00", "fees": [{"type": "BASE", "fee": -132}], "vat": -12,
   "payOutAmount": -3868, "soldDate": "2026-01-14", "paidOutDate": "2026-01-17",
   "cancel": {"cancelAmount": 4000}}
]}"#;

#[test]
fn our_names_those_of_korean_files_and_of_a_gateway_say_the_same() {
    let ours = lines(OURS);
    assert_eq!(ours.len(), 2);
    assert_eq!(
        (ours[1].kind, ours[1].amount, ours[1].movement.as_str()),
        (MovementType::Refund, Money::krw(4_000), "refund1")
    );
    let day = origin().day;
    let settled = Settled {
        fee: Money::krw(132),
        vat: Money::krw(12),
        pay_out: Money::krw(3_868),
        sold_on: day,
        paid_out_on: day.plus_days(3),
    };
    assert_eq!(ours[1].settled, Some(settled));
    assert_eq!(lines(KOREAN), ours);
    assert_eq!(lines(JSON), ours);
}

#[test]
fn a_list_of_what_moved_has_no_fees() {
    let moved = lines("paymentKey;orderId;amount\npay1;order1;₩10,000\n\npay2;order2;500원\n");
    assert_eq!(moved.len(), 2);
    assert_eq!((moved[0].source(), moved[0].at), (Source::Transactions, None));
    assert_eq!((&*moved[0].movement, moved[1].amount), ("pay1", Money::krw(500)));
}

#[test]
fn a_fee_without_its_vat_and_a_pay_out_alone_tell_the_rest() {
    for columns in ["공급가액,부가세", "수수료(VAT 별도),수수료 부가세"] {
        let settled = lines(&format!("결제키,주문번호,금액,{columns}\npay1,o1,10000,300,30\n"));
        let settled = settled[0].settled.expect("settled");
        assert_eq!((settled.fee, settled.pay_out), (Money::krw(330), Money::krw(9_670)));
        assert_eq!(settled.sold_on, origin().day);
    }
    let settled = lines("결제키,주문번호,금액,입금액\npay1,o1,10000,9670\n");
    assert_eq!(settled[0].settled.map(|settled| settled.fee), Some(Money::krw(330)));
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_column() {
    let with = |from: &str, to: &str| OURS.replacen(from, to, 1);
    for (text, told) in [
        (String::new(), "there is no line in it"),
        ("reference,gateway_order_id,amount\n".to_owned(), "there is no line in it"),
        (with("gateway_order_id", "x"), "line 1: there is no column for the order id"),
        (with("pay_out", "정산금액,지급액"), "line 1: column 10 (지급액) is for the sum paid out"),
        (with("4000", "4x"), r#"line 3, column 5 (amount): "4x" is not a sum like 15000"#),
        (with("4000", "10.5"), r#"line 3, column 5 (amount): "10.5" is not a sum"#),
        (with("4000", "0"), "line 3, column 5 (amount): nothing moved"),
        (with(",refund,", ",chargeback,"), r#"line 3, column 4 (kind): "chargeback" is neither"#),
        (with("2026-01-14T11:00:00+09:00", "11시"), r#"line 3, column 6 (at): "11시" is not a"#),
        (with("2026-01-17\n", "17\n"), r#"line 2, column 11 (paid_out_on): "17" is not a day"#),
        (with("refund1", ""), "line 3, column 2 (movement): there is no movement's key"),
        (with("pay1", "\"pay1"), "line 2: a quotation mark is not closed"),
        ("[{]".to_owned(), "line 1: column 3: "),
        ("{}".to_owned(), "there is no list in it"),
        ("[\n{}]".to_owned(), "line 2, column amount: there is no amount"),
        (JSON.replace("-4000", r#""x""#), r#"line 6, column amount: "x" is not a sum"#),
    ] {
        let seen = refused(&text);
        assert!(seen.contains(told), "{seen:?} for {text}");
    }
    assert_eq!(read(&[0xbe, 0xc8], &origin()), Err(BadFile::Encoding));
}
