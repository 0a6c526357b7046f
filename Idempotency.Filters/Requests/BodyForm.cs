using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Idempotency.Filters.Requests;

/// <summary>How the fingerprint of a request body was made. A parsed form cannot be compared with bytes.</summary>
internal enum BodyForm : byte
{
    /// <summary>There is none: the body was not read to its end.</summary>
    Unknown = 0,

    /// <summary>The bytes as they came.</summary>
    Bytes = 1,

    /// <summary>The bytes, with every occurrence of the multipart boundary made constant.</summary>
    Multipart = 2,

    /// <summary>The fields and files of a form that was parsed before its bytes could be seen.</summary>
    ParsedForm = 3,

    /// <summary>Nothing was hashed, not even the target: the record answers every request with its key.</summary>
    AnyRequest = 4,
}
