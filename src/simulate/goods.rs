//! What is sold: the sellers, their goods and the price of each good in each country.
//!
//! Six sellers under one merchant of record, invented. Prices are list prices in US cents, moved to
//! the country's price level and currency and rounded the way shops do.

use super::dice::Dice;
use super::places::Place;
use crate::domain::{Amount, FulfilmentMethod as F};
use rust_decimal::Decimal;

/// How a good is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Billing {
    /// Once.
    Once,
    /// Once, into a balance.
    TopUp,
    /// From a balance held with the shop.
    Balance,
    /// Every month, what was used in it.
    Metered,
    /// Every month.
    Monthly,
    /// Every year.
    Yearly,
}

impl Billing {
    /// Days between two charges; `None` where there is only one.
    pub(super) fn days(self) -> Option<i64> {
        match self {
            Self::Once | Self::TopUp | Self::Balance => None,
            Self::Monthly | Self::Metered => Some(30),
            Self::Yearly => Some(365),
        }
    }

    /// The interval as a subscription names it.
    pub(super) fn interval(self) -> &'static str {
        match self {
            Self::Yearly => "year",
            _ => "month",
        }
    }
}

/// A seller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seller {
    /// Developer tools.
    Tools,
    /// A team service.
    Cloud,
    /// A game.
    Game,
    /// Keys and gift codes for others' products.
    Keys,
    /// An interface billed by use.
    Api,
    /// Fonts, samples, books, photo software.
    Media,
}

impl Seller {
    /// Identifier.
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Tools => "s-tools",
            Self::Cloud => "s-cloud",
            Self::Game => "s-game",
            Self::Keys => "s-keys",
            Self::Api => "s-api",
            Self::Media => "s-media",
        }
    }

    /// The text on the buyer's statement.
    pub(super) fn descriptor(self) -> &'static str {
        match self {
            Self::Tools => "NORDHAFEN*BUILDKIT",
            Self::Cloud => "NORDHAFEN*TEAMDESK",
            Self::Game => "NORDHAFEN*STARHOLD",
            Self::Keys => "NORDHAFEN*KEYSHELF",
            Self::Api => "NORDHAFEN*LEXIGEN",
            Self::Media => "NORDHAFEN*PIXELOFT",
        }
    }
}

/// A good.
#[derive(Debug)]
pub(super) struct Good {
    pub(super) sku: &'static str,
    pub(super) category: &'static str,
    pub(super) seller: Seller,
    pub(super) fulfilment: F,
    pub(super) billing: Billing,
    us_cents: u64,
    /// Length of a free trial; 0 without one.
    pub(super) trial_days: i64,
    /// Weight among the seller's honest sales.
    popular: u32,
    /// Weight among what thieves take: worth money to somebody else, delivered at once.
    resale: u32,
    /// Weight among what card testers try: cheap, no questions.
    probe: u32,
}

macro_rules! goods {
    ($($sku:literal $category:literal $seller:ident $fulfilment:ident $billing:ident
       cents $cents:literal trial $trial:literal popular $popular:literal
       resale $resale:literal probe $probe:literal;)*) => {
        static GOODS: &[Good] = &[$(Good {
            sku: $sku, category: $category, seller: Seller::$seller, fulfilment: F::$fulfilment,
            billing: Billing::$billing, us_cents: $cents, trial_days: $trial, popular: $popular,
            resale: $resale, probe: $probe,
        }),*];
    };
}

goods! {
    "buildkit-month" "subscription" Tools LicenceKey Monthly cents 1_490 trial 30 popular 30 resale 2 probe 3;
    "buildkit-year" "subscription" Tools LicenceKey Yearly cents 14_900 trial 30 popular 16 resale 10 probe 0;
    "buildkit-perpetual" "licence" Tools LicenceKey Once cents 24_900 trial 0 popular 14 resale 26 probe 0;
    "buildkit-plugin" "licence" Tools LicenceKey Once cents 2_900 trial 0 popular 26 resale 5 probe 2;
    "teamdesk-month" "subscription" Cloud SaasSeat Monthly cents 1_200 trial 14 popular 40 resale 1 probe 3;
    "teamdesk-pro-month" "subscription" Cloud SaasSeat Monthly cents 4_900 trial 14 popular 18 resale 2 probe 0;
    "teamdesk-year" "subscription" Cloud SaasSeat Yearly cents 11_880 trial 14 popular 12 resale 3 probe 0;
    "starhold-coins-100" "game_currency" Game GameItem TopUp cents 99 trial 0 popular 34 resale 2 probe 30;
    "starhold-coins-550" "game_currency" Game GameItem TopUp cents 499 trial 0 popular 40 resale 6 probe 14;
    "starhold-coins-1200" "game_currency" Game GameItem TopUp cents 999 trial 0 popular 30 resale 12 probe 6;
    "starhold-coins-2800" "game_currency" Game GameItem TopUp cents 1_999 trial 0 popular 18 resale 20 probe 0;
    "starhold-coins-7500" "game_currency" Game GameItem TopUp cents 4_999 trial 0 popular 8 resale 30 probe 0;
    "starhold-coins-16000" "game_currency" Game GameItem TopUp cents 9_999 trial 0 popular 4 resale 32 probe 0;
    "starhold-pass-month" "subscription" Game GameItem Monthly cents 499 trial 7 popular 22 resale 0 probe 6;
    "key-indie" "game_key" Keys LicenceKey Once cents 1_499 trial 0 popular 30 resale 10 probe 4;
    "key-aaa" "game_key" Keys LicenceKey Once cents 5_999 trial 0 popular 24 resale 34 probe 0;
    "key-antivirus-year" "software_key" Keys LicenceKey Once cents 2_999 trial 0 popular 16 resale 8 probe 1;
    "key-office" "software_key" Keys LicenceKey Once cents 12_900 trial 0 popular 10 resale 30 probe 0;
    "gift-25" "gift_code" Keys GiftCode Once cents 2_500 trial 0 popular 14 resale 24 probe 3;
    "gift-50" "gift_code" Keys GiftCode Once cents 5_000 trial 0 popular 12 resale 40 probe 0;
    "gift-100" "gift_code" Keys GiftCode Once cents 10_000 trial 0 popular 7 resale 44 probe 0;
    "lexigen-credit-5" "credit" Api Credits TopUp cents 500 trial 0 popular 22 resale 4 probe 14;
    "lexigen-credit-20" "credit" Api Credits TopUp cents 2_000 trial 0 popular 24 resale 10 probe 3;
    "lexigen-credit-100" "credit" Api Credits TopUp cents 10_000 trial 0 popular 9 resale 26 probe 0;
    "lexigen-credit-250" "credit" Api Credits TopUp cents 25_000 trial 0 popular 3 resale 22 probe 0;
    "lexigen-pro-month" "subscription" Api ApiAccess Monthly cents 2_000 trial 0 popular 20 resale 8 probe 2;
    "lexigen-metered" "subscription" Api ApiAccess Metered cents 0 trial 0 popular 26 resale 0 probe 4;
    "pixeloft-font" "download" Media Download Once cents 2_900 trial 0 popular 16 resale 3 probe 2;
    "pixeloft-samples" "download" Media Download Once cents 1_900 trial 0 popular 16 resale 3 probe 3;
    "pixeloft-ebook" "download" Media Download Once cents 999 trial 0 popular 30 resale 1 probe 10;
    "pixeloft-studio" "licence" Media LicenceKey Once cents 7_900 trial 0 popular 12 resale 18 probe 0;
    "pixeloft-stock-month" "subscription" Media SaasSeat Monthly cents 2_900 trial 7 popular 14 resale 4 probe 0;
}

/// What players buy with what they topped up: sold beside the list above, at prices of cents.
static ITEMS: &[Good] = &[
    item("starhold-skin", 250, 50),
    item("starhold-pet", 120, 70),
    item("starhold-chest", 60, 100),
    item("starhold-gift", 900, 12),
];

const fn item(sku: &'static str, us_cents: u64, popular: u32) -> Good {
    Good {
        sku,
        category: "game_item",
        seller: Seller::Game,
        fulfilment: F::GameItem,
        billing: Billing::Balance,
        us_cents,
        trial_days: 0,
        popular,
        resale: 0,
        probe: 0,
    }
}

/// What a kind of buyer buys, by seller.
pub(super) type Taste = &'static [(u32, Seller)];

/// The tastes of honest buyers, by weight.
pub(super) static TASTES: &[(u32, Taste)] = &[
    (32, &[(80, Seller::Game), (14, Seller::Keys), (6, Seller::Media)]),
    (20, &[(60, Seller::Tools), (25, Seller::Api), (15, Seller::Cloud)]),
    (16, &[(75, Seller::Cloud), (10, Seller::Api), (15, Seller::Media)]),
    (16, &[(80, Seller::Keys), (15, Seller::Game), (5, Seller::Media)]),
    (16, &[(75, Seller::Media), (15, Seller::Cloud), (10, Seller::Keys)]),
];

/// A good an honest buyer of this taste chooses.
pub(super) fn wanted(dice: &mut Dice, taste: Taste) -> &'static Good {
    let seller = dice.of_weights(taste);
    choose(dice, |good| if good.seller == seller { good.popular } else { 0 })
}

/// Something a player buys from the balance.
#[expect(clippy::indexing_slicing, reason = "there are items")]
pub(super) fn from_balance(dice: &mut Dice) -> &'static Good {
    dice.weighted(ITEMS, |good| good.popular).unwrap_or(&ITEMS[0])
}

/// Another plan of the same seller, for somebody who changes theirs; `None` where there is none.
pub(super) fn other_plan(dice: &mut Dice, plan: &Good) -> Option<&'static Good> {
    let fits = |good: &Good| {
        let plain = matches!(good.billing, Billing::Monthly | Billing::Yearly);
        if plain && good.seller == plan.seller && good.sku != plan.sku { good.popular } else { 0 }
    };
    let found = dice.weighted(GOODS, fits)?;
    (fits(found) > 0).then_some(found)
}

/// A plan with a free trial.
pub(super) fn on_trial(dice: &mut Dice) -> &'static Good {
    choose(dice, |good| if good.trial_days > 0 { good.popular } else { 0 })
}

/// Keys for others' products, and gift codes.
pub(super) fn keys(dice: &mut Dice) -> &'static Good {
    choose(dice, |good| if good.seller == Seller::Keys { good.resale } else { 0 })
}

/// The interface billed by use.
pub(super) fn metered(dice: &mut Dice) -> &'static Good {
    choose(dice, |good| u32::from(good.billing == Billing::Metered))
}

/// A good a thief chooses.
pub(super) fn resold(dice: &mut Dice) -> &'static Good {
    choose(dice, |good| good.resale)
}

/// A good a card tester tries.
pub(super) fn probed(dice: &mut Dice) -> &'static Good {
    choose(dice, |good| good.probe)
}

#[expect(clippy::indexing_slicing, reason = "there are goods")]
fn choose(dice: &mut Dice, weight: impl Fn(&Good) -> u32) -> &'static Good {
    dice.weighted(GOODS, weight).unwrap_or(&GOODS[0])
}

impl Good {
    /// The list price in US cents.
    pub(super) fn us_cents(&self) -> u64 {
        self.us_cents
    }

    /// The price in a country, in its currency, rounded as shops do: `x.99` for small amounts,
    /// whole units above 20, full hundreds where the unit is small.
    pub(super) fn price(&self, place: &Place) -> Option<Amount> {
        let exponent = u32::from(place.currency.exponent()?);
        if self.us_cents == 0 || self.billing == Billing::Balance {
            return worth(self.us_cents, place);
        }
        // thousandths of the currency's unit: cents × rate × level / (100 × 100)
        let milli = self.us_cents * place.per_usd_milli * place.price_level / 10_000;
        let unit = milli.div_ceil(1_000).max(1);
        let minor = match unit {
            _ if place.per_usd_milli >= 20_000 => {
                round_to(unit, if unit > 5_000 { 500 } else { 10 }) * 100
            }
            0..=20 => unit * 100 - 1,
            _ => round_to(unit, if unit > 100 { 5 } else { 1 }) * 100,
        };
        let value = if exponent == 0 { minor / 100 } else { minor };
        Amount::new(Decimal::new(i64::try_from(value).ok()?, exponent), place.currency).ok()
    }
}

/// So many US cents in a country's currency, to its minor unit: for what is metered.
pub(super) fn worth(us_cents: u64, place: &Place) -> Option<Amount> {
    let exponent = u32::from(place.currency.exponent()?);
    let minor = us_cents * place.per_usd_milli / if exponent == 0 { 100_000 } else { 1_000 };
    let minor = if us_cents > 0 { minor.max(1) } else { 0 };
    Amount::new(Decimal::new(i64::try_from(minor).ok()?, exponent), place.currency).ok()
}

fn round_to(value: u64, step: u64) -> u64 {
    value.div_ceil(step) * step
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::places::Atlas;

    #[test]
    fn every_good_has_a_price_everywhere() {
        for good in GOODS.iter().chain(ITEMS) {
            for place in Atlas::get().places() {
                let price = good.price(place).unwrap();
                let free = good.billing == Billing::Metered;
                assert_eq!(price.value().is_zero(), free, "{} {}", good.sku, place.country);
                assert!(!price.finer_than_minor_unit(), "{} {price}", good.sku);
            }
        }
    }

    #[test]
    fn prices_look_like_prices() {
        let price = |sku: &str, country: &str| {
            let good = GOODS.iter().find(|good| good.sku == sku).unwrap();
            let place = Atlas::get().places().iter().find(|p| p.country.code() == country);
            good.price(place.unwrap()).unwrap().to_string()
        };
        assert_eq!(price("starhold-coins-100", "US"), "0.99 USD");
        assert_eq!(price("buildkit-year", "DE"), "145.00 EUR");
        assert_eq!(price("starhold-coins-1200", "JP"), "1420 JPY");
        assert_eq!(price("key-aaa", "IN"), "2280.00 INR");
        assert_eq!(price("gift-50", "BR"), "150.00 BRL");
    }

    #[test]
    fn skus_are_unique() {
        let skus: std::collections::BTreeSet<_> =
            GOODS.iter().chain(ITEMS).map(|good| good.sku).collect();
        assert_eq!(skus.len(), GOODS.len() + ITEMS.len());
    }
}
