import Warrants

/// Which pages a party's desk has.
public enum Roles {
    /// The pages for the party of an office. Throws `party-unknown` for a word that has no desk.
    public static func pages(for office: DeskOffice) throws -> any DeskPages {
        let roster = try office.view().roster
        if let custodian = roster.custodian(ofOfficer: office.id) {
            return OfficerPages(custodian: custodian)
        }
        if roster.agency(ofRequester: office.id) != nil { return InvestigatorPages() }
        if roster.authority(office.id) != nil { return AuthorityPages() }
        if let custodian = roster.custodian(office.id) {
            return CustodianPages(custodian: custodian)
        }
        throw DeskError(
            code: "party-unknown",
            sentence: "the roster has no officer, requester, authority or custodian of that word")
    }
}
