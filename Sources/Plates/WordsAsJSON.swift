// The words inside JSON statements: plain numbers, lower-case hex.

extension Timestamp: Codable {
    /// From a plain number of milliseconds.
    public init(from decoder: any Decoder) throws {
        self.init(milliseconds: try decoder.singleValueContainer().decode(Int64.self))
    }

    /// As a plain number of milliseconds.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(milliseconds)
    }
}

extension Day: Codable {
    /// From a plain number of days.
    public init(from decoder: any Decoder) throws {
        self.init(number: try decoder.singleValueContainer().decode(UInt32.self))
    }

    /// As a plain number of days.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(number)
    }
}

extension Hour: Codable {
    /// From a plain number of hours.
    public init(from decoder: any Decoder) throws {
        self.init(number: try decoder.singleValueContainer().decode(UInt32.self))
    }

    /// As a plain number of hours.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(number)
    }
}

extension SiteNumber: Codable {
    /// From a plain number.
    public init(from decoder: any Decoder) throws {
        self.init(number: try decoder.singleValueContainer().decode(UInt16.self))
    }

    /// As a plain number.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(number)
    }
}

extension SubsetMask: Codable {
    /// From a plain number.
    public init(from decoder: any Decoder) throws {
        self.init(bits: try decoder.singleValueContainer().decode(UInt16.self))
    }

    /// As a plain number.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(bits)
    }
}

extension Cell: Codable {
    /// From `[hour, site]`.
    public init(from decoder: any Decoder) throws {
        var container = try decoder.unkeyedContainer()
        hour = try container.decode(Hour.self)
        site = try container.decode(SiteNumber.self)
        guard container.isAtEnd else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "a cell is two numbers")
        }
    }

    /// As `[hour, site]`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.unkeyedContainer()
        try container.encode(hour)
        try container.encode(site)
    }
}
