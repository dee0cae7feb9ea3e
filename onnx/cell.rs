//! Cells of CSV files that a spreadsheet opens without running anything in them.
//!
//! A cell that begins like a formula gets an apostrophe before it, as OWASP advises:
//! <https://owasp.org/www-community/attacks/CSV_Injection>. Whoever reads a tickets file takes it away again, so that a
//! text comes back as it was written.

use std::borrow::Cow;

/// Characters that a formula begins with, in ASCII and in full width.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// Returns true if a cell, without apostrophes before it, begins like a formula.
fn is_formula(cell: &str) -> bool {
    cell.trim_start_matches('\'').starts_with(FORMULA)
}

/// Puts an apostrophe before a cell that a spreadsheet would take for a formula. Numbers stay numbers.
pub fn defused(cell: &str) -> Cow<'_, str> {
    if is_formula(cell) && cell.parse::<f64>().is_err() {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

/// Takes the apostrophe away that [`defused`] has put before a cell.
pub fn original(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| is_formula(rest)).unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn formulas_get_an_apostrophe_and_nothing_else_does() {
        for formula in ["=1+1", "+49 30 1", "-cmd", "@SUM(A1)", "\tx", "\r=x", "＝1", "'=quoted", "-", "''+x"]
        {
            assert_eq!(defused(formula), format!("'{formula}"));
        }
        for plain in ["", "order =1", "-12.5", "+3", "1e5", "'tis so", "''", "–dash", "•"] {
            assert_eq!(defused(plain), plain);
            assert_eq!(original(plain), plain);
        }
    }

    proptest! {
        #[test]
        fn every_cell_comes_back(cell in "'{0,3}[-=+@\tx0-9.＝]{0,4}\\PC{0,8}") {
            let written = defused(&cell);
            prop_assert_eq!(original(&written), cell.as_str());
        }
    }
}
