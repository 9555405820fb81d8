//! Our metrics for `res_prometheus`.

use crate::asterisk::metrics::Metrics;
use crate::service;

/// What the service of the moment has counted.
pub struct OfService;

impl Metrics for OfService {
    fn text() -> String {
        service::current().map_or_else(String::new, |service| service.metrics())
    }
}
