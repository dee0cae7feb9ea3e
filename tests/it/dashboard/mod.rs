//! The report and the dashboard, on a desk of a thousand tickets, as a person meets them: in a terminal and in a browser.

mod browser;
mod ledger;
mod pages;
mod reported;
mod review;
mod sample;
