using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Idempotency.Filters.Tests.Support;

/// <summary>
/// Authenticates the user named in the header <c>X-User</c>: claims as <c>type=value@issuer</c>, separated by spaces, and
/// <c>scheme=</c> with the authentication type.
/// </summary>
internal sealed class ClaimsFromHeader(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public static void AddTo(IServiceCollection services) =>
        services.AddAuthorization().AddAuthentication("Test").AddScheme<AuthenticationSchemeOptions, ClaimsFromHeader>("Test", null);

    /// <summary>Writes the header line of a user.</summary>
    public static string User(string claims) => $"X-User: {Uri.EscapeDataString(claims)}";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var parts = Uri.UnescapeDataString(Request.Headers["X-User"].ToString()).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length == 0)
            return Task.FromResult(AuthenticateResult.NoResult());

        var pairs = parts.Select(part => (Type: part[..part.LastIndexOf('=')], Value: part[(part.LastIndexOf('=') + 1)..])).ToList();
        var scheme = pairs.FirstOrDefault(pair => pair.Type == "scheme").Value ?? "Test";
        var identity = new ClaimsIdentity(pairs.Where(pair => pair.Type != "scheme").Select(ToClaim), scheme, "name", "role");
        return Task.FromResult(AuthenticateResult.Success(new(new(identity), Scheme.Name)));
    }

    private static Claim ToClaim((string Type, string Value) pair)
    {
        var at = pair.Value.IndexOf('@');
        return at < 0
            ? new(pair.Type, pair.Value, null, "issuer")
            : new(pair.Type, pair.Value[..at], null, pair.Value[(at + 1)..]);
    }
}
