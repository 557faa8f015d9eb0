//! What salespeople spend their time on.

/// The category of an activity; the seven of the sales-operations literature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Category {
    /// Mails, calls, chats and video meetings with clients.
    DigitalClientCommunication = 0,
    /// Meetings with clients in one place.
    InPersonClientCommunication = 1,
    /// Meetings inside the company.
    InternalMeeting = 2,
    /// Data entry, approvals, expense reports and the like.
    Admin = 3,
    /// On the way to and from clients.
    Travel = 4,
    /// Learning and coaching.
    Training = 5,
    /// Research, proposals, and getting ready for a client.
    SalesPreparation = 6,
}

impl Category {
    /// All categories, in the order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::DigitalClientCommunication,
        Self::InPersonClientCommunication,
        Self::InternalMeeting,
        Self::Admin,
        Self::Travel,
        Self::Training,
        Self::SalesPreparation,
    ];

    /// The name used in events, the API and metric labels.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DigitalClientCommunication => "digital_client_communication",
            Self::InPersonClientCommunication => "in_person_client_communication",
            Self::InternalMeeting => "internal_meeting",
            Self::Admin => "admin",
            Self::Travel => "travel",
            Self::Training => "training",
            Self::SalesPreparation => "sales_preparation",
        }
    }

    /// The category of a name as [`name`](Self::name) gives it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.name() == name)
    }

    /// The category with this number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Whether minutes of this category are selling time: communication with clients, of both kinds.
    #[must_use]
    pub const fn is_selling(self) -> bool {
        matches!(self, Self::DigitalClientCommunication | Self::InPersonClientCommunication)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_go_both_ways() {
        for category in Category::ALL {
            assert_eq!(Category::from_name(category.name()), Some(category));
            assert_eq!(Category::from_number(category as u8), Some(category));
        }
        assert_eq!(Category::from_name("napping"), None);
        assert_eq!(Category::from_number(7), None);
    }
}
