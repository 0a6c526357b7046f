using System.Data.Common;

namespace Idempotency.Filters.TestSupport;

internal static class ConnectionStrings
{
    /// <returns>The same database at the other end of a network that loses replies.</returns>
    public static string Through(this string connectionString, TcpProxy proxy) =>
        new DbConnectionStringBuilder { ConnectionString = connectionString, ["Port"] = proxy.Port }.ConnectionString;
}
