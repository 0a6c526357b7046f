using System.Security.Claims;

namespace Idempotency.Filters.Keys;

/// <summary>The caller that the claims of an authenticated user name.</summary>
/// <param name="Value">
/// The user, with the issuer of the claim and the authentication type, and the client that acts for the user, if there is one. Otherwise
/// the client certificate, or the client alone.
/// </param>
/// <param name="IsBareName">Whether only a name identifies the user, which another user may have too.</param>
internal readonly record struct UserCaller(string Value, bool IsBareName)
{
    public const string Needs =
        "the claims sub, NameIdentifier, oid, PrimarySid, client_id, azp or appid, no name, and no certificate with issuer and subject";

    private const string ObjectId = "http://schemas.microsoft.com/identity/claims/objectidentifier";
    private const string CertificateScheme = "Certificate";

    private static readonly string[] Ids = ["sub", ClaimTypes.NameIdentifier, "oid", ObjectId, ClaimTypes.PrimarySid];

    private static readonly string[] Names =
        [
            "user_id", "uid", "upn", ClaimTypes.Upn, "unique_name", "preferred_username", "user_name", "username", ClaimTypes.Name, "name",
            "email", ClaimTypes.Email,
        ];

    // Two claims may name one client: a token of version 1 has appid where one of version 2 has azp. So the type of the claim is no part of
    // the caller.
    private static readonly string[] Clients = ["client_id", "azp", "appid"];

    // Where a certificate has no subject, its alternative name stands for it (RFC 5280, section 4.1.2.6).
    private static readonly string[] Subjects =
        [ClaimTypes.X500DistinguishedName, ClaimTypes.Uri, ClaimTypes.Dns, ClaimTypes.Upn, ClaimTypes.Email];

    /// <returns>The caller; null when the user is not authenticated, or nothing identifies it.</returns>
    public static UserCaller? Of(ClaimsPrincipal? user)
    {
        if (user is null)
            return null;

        var id = FindId(user);
        var name = id is null ? FindName(user) : null;
        var parts = id ?? name?.Parts ?? FindCertificate(user) ?? [];
        if (Find(user, Clients) is var (client, identity))
            parts = [.. parts, "client", client.Value, client.Issuer, TypeOf(identity)];
        return parts.Length == 0 ? null : new(RequestScope.Join(parts), name is { IsBare: true });
    }

    private static string[]? FindId(ClaimsPrincipal user)
    {
        if (Find(user, Ids) is not var (claim, identity))
            return null;

        // An application that gives a certificate's user an id takes it from the certificate, and another issuer may use it too.
        return IsCertificate(identity) && identity.FindFirst("issuer") is { Value.Length: > 0 } issuer
            ? [claim.Type, claim.Value, claim.Issuer, TypeOf(identity), "certificate", issuer.Value]
            : [claim.Type, claim.Value, claim.Issuer, TypeOf(identity)];
    }

    // A certificate's name is its CN, which anybody may get from another issuer.
    private static (string[] Parts, bool IsBare)? FindName(ClaimsPrincipal user)
    {
        foreach (var identity in user.Identities)
        {
            if (identity.IsAuthenticated && !IsCertificate(identity) && !string.IsNullOrEmpty(identity.Name))
            {
                var issuer = identity.FindFirst(identity.NameClaimType)?.Issuer ?? "";
                return (["name", identity.Name, issuer, TypeOf(identity)], !IsWindows(identity));
            }
        }

        return Find(user, Names, skipCertificates: true) is var (claim, owner)
            ? (["name", claim.Value, claim.Issuer, TypeOf(owner)], !IsWindows(owner))
            : null;
    }

    private static string[]? FindCertificate(ClaimsPrincipal user)
    {
        foreach (var identity in user.Identities)
        {
            if (!identity.IsAuthenticated || !IsCertificate(identity) || identity.FindFirst("issuer") is not { Value.Length: > 0 } issuer)
                continue;

            foreach (var type in Subjects)
            {
                if (identity.FindFirst(type) is { Value.Length: > 0 } subject)
                    return ["certificate", issuer.Value, type, subject.Value, TypeOf(identity)];
            }
        }

        return null;
    }

    private static (Claim Claim, ClaimsIdentity Identity)? Find(ClaimsPrincipal user, string[] types, bool skipCertificates = false)
    {
        foreach (var type in types)
        {
            foreach (var identity in user.Identities)
            {
                if (identity.IsAuthenticated
                    && !(skipCertificates && IsCertificate(identity))
                    && identity.FindFirst(type) is { Value.Length: > 0 } claim)
                {
                    return (claim, identity);
                }
            }
        }

        return null;
    }

    // The claims of Microsoft.AspNetCore.Authentication.Certificate, or an identity that the application made in its place.
    private static bool IsCertificate(ClaimsIdentity identity) =>
        identity.AuthenticationType is CertificateScheme
        || identity.HasClaim(claim => claim.Type is ClaimTypes.Thumbprint or ClaimTypes.X500DistinguishedName);

    // Names of Windows accounts are unique in their domain.
    private static bool IsWindows(ClaimsIdentity identity) => identity.AuthenticationType is "Negotiate" or "Kerberos" or "NTLM";

    // Negotiation may end with another protocol when the client connects again, for its retry.
    private static string TypeOf(ClaimsIdentity identity) => IsWindows(identity) ? "Negotiate" : identity.AuthenticationType ?? "";
}
