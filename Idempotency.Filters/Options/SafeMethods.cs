namespace Idempotency.Filters.Options;

/// <summary>The methods that are safe by definition (RFC 9110, section 9.2.1). They are never covered.</summary>
internal static class SafeMethods
{
    public static bool Contain(string method) =>
        HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method) || HttpMethods.IsTrace(method);
}
