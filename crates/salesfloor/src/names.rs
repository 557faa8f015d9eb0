//! Names of places and people, so that a demonstration reads like a company and every screen meets other scripts.

/// A territory as the world has it.
pub(crate) struct Place {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) region_id: &'static str,
    pub(crate) currency: &'static str,
    /// Standard time, in minutes east of UTC.
    pub(crate) utc_offset_minutes: i64,
    pub(crate) people: &'static People,
}

/// Given and family names of a language; `family_first` where the family name stands first.
pub(crate) struct People {
    pub(crate) language: &'static str,
    given: [&'static str; 8],
    family: [&'static str; 8],
    family_first: bool,
}

impl People {
    /// The full name of this number; the first 64 differ in their names, later ones carry a number.
    pub(crate) fn name(&self, number: usize) -> String {
        let round = number / 64;
        let given = self.given[number % 8];
        let family = self.family[(number + number / 8) % 8];
        let name = if self.family_first { format!("{family} {given}") } else { format!("{given} {family}") };
        if round == 0 { name } else { format!("{name} {}", round + 1) }
    }
}

/// The regions: id and name.
pub(crate) const REGIONS: [(&str, &str); 3] =
    [("emea", "EMEA"), ("americas", "Americas"), ("apac", "Asia Pacific")];

/// The names of teams.
pub(crate) const TEAMS: [&str; 8] = [
    "enterprise",
    "mid-market",
    "inside-sales",
    "strategic",
    "channel",
    "public-sector",
    "growth",
    "renewals",
];

const fn place(
    id: &'static str,
    name: &'static str,
    region_id: &'static str,
    currency: &'static str,
    utc_offset_minutes: i64,
    people: &'static People,
) -> Place {
    Place { id, name, region_id, currency, utc_offset_minutes, people }
}

/// Territories, in the order in which a company opens them.
pub(crate) static PLACES: [Place; 24] = [
    place("dach", "DACH", "emea", "EUR", 60, &GERMAN),
    place("us-west", "US West", "americas", "USD", -480, &ENGLISH),
    place("nordics", "Nordics", "emea", "SEK", 60, &SWEDISH),
    place("us-east", "US East", "americas", "USD", -300, &AMERICAN),
    place("japan", "日本 Japan", "apac", "JPY", 540, &JAPANESE),
    place("uk-ireland", "UK & Ireland", "emea", "GBP", 0, &BRITISH),
    place("iberia", "Iberia", "emea", "EUR", 60, &SPANISH),
    place("brazil", "Brasil", "americas", "BRL", -180, &PORTUGUESE),
    place("france", "France", "emea", "EUR", 60, &FRENCH),
    place("india", "India", "apac", "INR", 330, &INDIAN),
    place("us-central", "US Central", "americas", "USD", -360, &ENGLISH),
    place("poland", "Polska", "emea", "PLN", 60, &POLISH),
    place("anz", "Australia & New Zealand", "apac", "AUD", 600, &BRITISH),
    place("benelux", "Benelux", "emea", "EUR", 60, &DUTCH),
    place("mexico", "México y Centroamérica", "americas", "MXN", -360, &SPANISH),
    place("gulf", "Gulf States", "emea", "KWD", 180, &ARABIC),
    place("korea", "한국 Korea", "apac", "KRW", 540, &KOREAN),
    place("canada", "Canada · Québec", "americas", "CAD", -300, &FRENCH),
    place("turkey", "Türkiye", "emea", "TRY", 180, &TURKISH),
    place("east-china", "华东 East China", "apac", "CNY", 480, &CHINESE),
    place("southern-cone", "Cono Sur", "americas", "CLP", -240, &SPANISH),
    place("west-africa", "West Africa", "emea", "NGN", 60, &NIGERIAN),
    place("ukraine", "Україна", "emea", "UAH", 120, &UKRAINIAN),
    place("south-east-asia", "South-East Asia", "apac", "SGD", 480, &CHINESE),
];

const fn people(
    language: &'static str,
    given: [&'static str; 8],
    family: [&'static str; 8],
    family_first: bool,
) -> People {
    People { language, given, family, family_first }
}

static GERMAN: People = people(
    "german",
    ["Anja", "Jürgen", "Miriam", "Lukas", "Käthe", "Emre", "Sophie", "Björn"],
    ["Weiß", "Brandt", "Köhler", "Schreiber", "Yılmaz", "Vogt", "Krämer", "Lindner"],
    false,
);
static ENGLISH: People = people(
    "english",
    ["Maya", "Tyler", "Priya", "Marcus", "Hannah", "Diego", "Grace", "Owen"],
    ["Carter", "Nguyen", "Ramirez", "Brooks", "Patel", "Whitaker", "Kim", "Delgado"],
    false,
);
static AMERICAN: People = people(
    "american",
    ["Jasmine", "Robert", "Leila", "Andre", "Caitlin", "Samuel", "Naomi", "Victor"],
    ["Washington", "O'Brien", "Haddad", "Jenkins", "Kowalski", "Rossi", "Greene", "Okafor"],
    false,
);
static SWEDISH: People = people(
    "swedish",
    ["Åsa", "Erik", "Linnéa", "Søren", "Aino", "Mikkel", "Freja", "Jarkko"],
    ["Lindström", "Håkansson", "Østergaard", "Virtanen", "Nygård", "Bergqvist", "Mäkinen", "Dahl"],
    false,
);
static JAPANESE: People = people(
    "japanese",
    ["美咲", "健太", "陽子", "大輔", "さくら", "翔", "由美子", "直樹"],
    ["佐藤", "田中", "渡辺", "山本", "小林", "中村", "加藤", "松本"],
    true,
);
static BRITISH: People = people(
    "british",
    ["Siobhán", "Oliver", "Amara", "Rhys", "Zoë", "Callum", "Fatima", "Hamish"],
    ["Ó Briain", "Hughes", "Adeyemi", "MacLeod", "Fairfax", "Begum", "Pemberton", "Walsh"],
    false,
);
static SPANISH: People = people(
    "spanish",
    ["Lucía", "Íñigo", "Carmen", "Joaquín", "Begoña", "Andrés", "Ximena", "Martín"],
    ["Muñoz", "Etxeberria", "Núñez", "Ibáñez", "Peña", "Rojas", "Valdés", "Castaño"],
    false,
);
static PORTUGUESE: People = people(
    "portuguese",
    ["João", "Conceição", "Thiago", "Inês", "Luíza", "Caio", "Beatriz", "Estevão"],
    ["Araújo", "Gonçalves", "Simões", "Falcão", "Magalhães", "Prado", "Brandão", "Teles"],
    false,
);
static FRENCH: People = people(
    "french",
    ["Élodie", "Loïc", "Chloé", "Rémi", "Maëlle", "Benoît", "Inès", "François"],
    ["Lefèvre", "Bélanger", "Fournier", "Gagné", "Chevallier", "Benali", "Côté", "Marchand"],
    false,
);
static INDIAN: People = people(
    "indian",
    ["Ananya", "Rohan", "Kavya", "Arjun", "Meera", "Vikram", "Ishita", "Farhan"],
    ["Iyer", "Chatterjee", "Deshmukh", "Menon", "Kapoor", "Reddy", "Siddiqui", "Bose"],
    false,
);
static POLISH: People = people(
    "polish",
    ["Małgorzata", "Łukasz", "Agnieszka", "Paweł", "Zuzanna", "Grzegorz", "Bożena", "Świętopełk"],
    ["Wójcik", "Dąbrowska", "Zieliński", "Krawczyk", "Szymańska", "Jabłoński", "Górska", "Mazur"],
    false,
);
static DUTCH: People = people(
    "dutch",
    ["Sanne", "Joris", "Noor", "Pieter", "Maaike", "Wouter", "Lotte", "Bram"],
    ["de Vries", "van den Berg", "Jansens", "Peeters", "Claes", "Hoekstra", "Dijkstra", "Mertens"],
    false,
);
static ARABIC: People = people(
    "arabic",
    ["ليلى", "خالد", "مريم", "يوسف", "نورة", "عمر", "هند", "سلمان"],
    ["الحربي", "الصباح", "المطيري", "العتيبي", "الكندري", "الشمري", "النعيمي", "الرشيد"],
    false,
);
static KOREAN: People = people(
    "korean",
    ["서연", "민준", "지우", "도윤", "하은", "현우", "수빈", "재호"],
    ["김", "이", "박", "최", "정", "강", "조", "윤"],
    true,
);
static TURKISH: People = people(
    "turkish",
    ["Elif", "Oğuz", "Şule", "Çağrı", "Gülşah", "İbrahim", "Defne", "Uğur"],
    ["Yıldız", "Öztürk", "Şahin", "Çelik", "Aydoğan", "Güneş", "Kılıç", "Erdoğmuş"],
    false,
);
static CHINESE: People = people(
    "chinese",
    ["晓梅", "伟", "静怡", "志强", "丽华", "建国", "思远", "文静"],
    ["王", "李", "陈", "刘", "黄", "周", "吴", "林"],
    true,
);
static NIGERIAN: People = people(
    "nigerian",
    ["Chidinma", "Babátúndé", "Ngozi", "Emeka", "Folúkẹ́", "Ibrahim", "Zainab", "Tobenna"],
    ["Okonkwo", "Adébáyọ̀", "Eze", "Bello", "Nwosu", "Ọlátúnjí", "Danjuma", "Uche"],
    false,
);
static UKRAINIAN: People = people(
    "ukrainian",
    ["Олена", "Тарас", "Оксана", "Андрій", "Софія", "Богдан", "Ірина", "Юрій"],
    ["Шевчук", "Коваленко", "Бондар", "Мельник", "Гончарук", "Лисенко", "Кравець", "Дячук"],
    false,
);

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use model::{Currency, check_identifier};

    use super::*;

    #[test]
    fn places_are_what_they_claim() {
        let mut seen = BTreeSet::new();
        for place in &PLACES {
            assert!(seen.insert(place.id), "{} is there twice", place.id);
            assert_eq!(check_identifier(place.id), Ok(()));
            assert!(Currency::from_code(place.currency).is_ok(), "{}", place.currency);
            assert!(REGIONS.iter().any(|(id, _)| *id == place.region_id), "{}", place.id);
        }
    }

    #[test]
    fn names_differ_and_hold_letters_alone() {
        for place in &PLACES {
            let names: BTreeSet<String> = (0..200).map(|number| place.people.name(number)).collect();
            assert_eq!(names.len(), 200, "{}", place.id);
            for name in names {
                assert!(name.chars().all(|letter| !letter.is_control() && letter != '\u{ad}'), "{name:?}");
            }
        }
    }
}
