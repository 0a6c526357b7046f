namespace Idempotency.Filters.Hosting.Endpoints;

/// <summary>How well the host sees whether a request reaches the handler of an endpoint.</summary>
internal enum EndpointReach
{
    /// <summary>Our filter is the innermost, and the handler returns what it answers.</summary>
    Seen,

    /// <summary>Filters stand between ours and the handler, and may answer for it.</summary>
    BehindFilters,

    /// <summary>There are no endpoint filters, or the handler writes its answer by itself: it may be a framework that validates.</summary>
    Hidden,
}
