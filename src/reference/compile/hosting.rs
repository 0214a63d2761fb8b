//! Which autonomous systems rent out servers, by the name of their organisation.
//!
//! Measured against two open lists of data-centre networks: the rule finds half of their systems and
//! nine tenths of their addresses, and hosts that neither lists. Rejected: those lists themselves,
//! which count mobile carriers as data centres.

/// Parts of a name, lower case.
const PARTS: [&str; 68] = [
    "1&1 ",
    "aeza",
    "akamai",
    "alibaba",
    "amazon",
    "b2 net",
    "buyvm",
    "cdn",
    "choopa",
    "cloud",
    "clouvider",
    "colo solutions",
    "coloblox",
    "colocation",
    "colocrossing",
    "constant company",
    "contabo",
    "data center",
    "data centre",
    "datacamp",
    "datacenter",
    "datacentre",
    "datawagon",
    "dedicated",
    "dedioutlet",
    "dedipath",
    "digital ocean",
    "digitalocean",
    "fastly",
    "frantech",
    "g-core",
    "gcore",
    "godaddy",
    "google",
    "gthost",
    "hetzner",
    "hivelocity",
    "host",
    "interserver",
    "iomart",
    "ipxo",
    "kamatera",
    "latitude.sh",
    "leaseweb",
    "linode",
    "m247",
    "melbikomas",
    "microsoft",
    "mullvad",
    "namecheap",
    "oracle",
    "packethub",
    "ponynet",
    "proxy",
    "psychz",
    "quadranet",
    "rackspace",
    "readydedis",
    "reg.ru",
    "scaleway",
    "selectel",
    "server",
    "sharktech",
    "sprious",
    "timeweb",
    "tzulo",
    "upcloud",
    "zenlayer",
];

/// Whole words: `aws` is in Warszawa, `strato` in administrators.
const WORDS: [&str; 17] = [
    "aws",
    "colo",
    "firstcolo",
    "hkcolo",
    "ionos",
    "nforce",
    "ovh",
    "racknation",
    "racknode",
    "stark",
    "strato",
    "tencent",
    "virtuozzo",
    "vpn",
    "vps",
    "vultr",
    "worldstream",
];

/// Systems whose name does not say it: Huawei Cloud abroad, IDC Frontier, Unified Layer, Hurricane
/// Electric, Internap, Sakura, Aruba, Liquid Web, netcup, New Dream Network, IT7, velia.net.
const BY_NUMBER: [u32; 12] =
    [4_694, 6_939, 9_370, 25_820, 26_347, 29_066, 31_034, 32_244, 32_475, 46_606, 136_907, 197_540];

/// No renters of servers, whatever their name says: Cogent (transit), 1&1 Versatel, Google Fiber,
/// Afrihost (access), The Cloud (public Wi-Fi).
const NOT_BY_NUMBER: [u32; 5] = [174, 8_881, 16_591, 37_611, 41_012];

/// Whether the organisation behind a system rents out servers.
pub(super) fn rents_servers(number: u32, organisation: &str) -> bool {
    if NOT_BY_NUMBER.contains(&number) {
        return false;
    }
    let name = organisation.to_lowercase();
    let mut words = name.split(|c: char| !c.is_alphanumeric());
    BY_NUMBER.contains(&number)
        || PARTS.iter().any(|part| name.contains(part))
        || words.any(|word| WORDS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_knows_hosts_from_access_providers() {
        for (number, organisation, rents) in [
            (24_940, "Hetzner Online GmbH", true),
            (16_276, "OVH SAS", true),
            (20_473, "The Constant Company, LLC", true),
            (64_496, "Example VPS Ltd.", true),
            (197_540, "netcup GmbH", true),
            (16_591, "Google Fiber Inc.", false),
            (174, "Cogent Communications", false),
            (8_881, "1&1 Versatel GmbH", false),
            (41_012, "The Cloud Networks Limited", false),
            (3_320, "Deutsche Telekom AG", false),
            (12_464, "Politechnika Warszawska", false),
            (64_497, "Healthcare Management Administrators, Inc.", false),
            (64_498, "SIAT TELECOM INTERNET DEDICADA LTDA", false),
        ] {
            assert_eq!(rents_servers(number, organisation), rents, "{organisation}");
        }
    }
}
