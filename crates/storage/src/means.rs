//! With what an attempt is charged: its columns `means`, `card_company` and `authentication`.

use payonce_domain::payment::Means;
use payonce_ports::store::StoreError;

use crate::cells::{Cells, Row};

const CARD: &str = "card";
const PAGE: &str = "page";

/// The word in column `means`. The other two columns are methods of [`Means`].
pub(crate) fn word(means: &Means) -> &'static str {
    match means {
        Means::Card { .. } => CARD,
        Means::Page { .. } => PAGE,
    }
}

/// Reads the three columns.
pub(crate) fn read(cells: &mut Cells<'_, impl Row>) -> Result<Means, StoreError> {
    match cells.text()? {
        CARD => {
            let company = cells.string()?;
            cells.maybe_text()?;
            Ok(Means::Card { company })
        }
        PAGE => {
            cells.maybe_text()?;
            Ok(Means::Page { authentication: cells.maybe_string()? })
        }
        other => Err(cells.bad(format!("unknown means {other:?}"))),
    }
}
