//! Who is asking. Access keys do not exist yet: every request belongs to the default tenant, and
//! the server listens on loopback only.

use crate::domain::TenantId;
use std::net::SocketAddr;

/// The tenant of a request.
pub(super) fn tenant() -> TenantId {
    TenantId::default_tenant()
}

/// True where a keyless server may listen.
pub(super) fn may_listen(address: &SocketAddr) -> bool {
    address.ip().is_loopback()
}
