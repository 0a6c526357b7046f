namespace Idempotency.Filters.Requests;

/// <summary>How the fingerprint of a request body was made. A parsed form cannot be compared with bytes.</summary>
internal enum BodyForm : byte
{
    /// <summary>No fingerprint: the body was not read to its end, or something consumed it first.</summary>
    Unknown = 0,

    /// <summary>The hash of the bytes as they came.</summary>
    Bytes = 1,

    /// <summary>The hash of the bytes without the boundary of multipart delimiter lines, and of the places of these lines.</summary>
    Multipart = 2,

    /// <summary>
    /// The hash of the fields and files of a form, without its antiforgery token. Something parsed it before we could see its bytes, or it
    /// came with such a token.
    /// </summary>
    ParsedForm = 3,

    /// <summary>Nothing was hashed, not even the target: the record answers every request with its key.</summary>
    AnyRequest = 4,

    /// <summary>No hash is needed: the body was read to its end and has no bytes.</summary>
    Empty = 5,
}
