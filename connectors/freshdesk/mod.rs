//! placeholder

use crate::account::{AccountConfig, Problem};
use crate::connector::Opened;

pub(crate) fn open(_config: &AccountConfig) -> Result<Opened, Vec<Problem>> {
    Err(Vec::new())
}
