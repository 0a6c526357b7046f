using System.Security.Claims;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Idempotency.Filters.Tests.Keys;

/// <summary>A client certificate names a caller by issuer and subject. Anybody may get its CN from another issuer.</summary>
internal sealed class CertificateCallerTests
{
    [TestCase("CN=payments, O=Bank A", "CN=payments, O=Bank B", TestName = "The same CN of another organization")]
    [TestCase("CN=payments", "CN=payments, O=Bank", TestName = "The CN alone, and a subject with it")]
    public void SubjectsDoNotShareAScope(string one, string other) =>
        Assert.That(Scope(User("CN=CA", one)), Is.Not.EqualTo(Scope(User("CN=CA", other))));

    [Test]
    public void IssuersDoNotShareAScope() =>
        Assert.That(Scope(User("CN=CA 1", "CN=payments")), Is.Not.EqualTo(Scope(User("CN=CA 2", "CN=payments"))));

    [Test]
    public void RenewalIsTheSameCaller()
    {
        var (old, renewed) = (User("CN=CA", "CN=payments"), User("CN=CA", "CN=payments"));

        Assert.That(renewed.FindFirst(ClaimTypes.Thumbprint)!.Value, Is.Not.EqualTo(old.FindFirst(ClaimTypes.Thumbprint)!.Value));
        Assert.That(Scope(renewed), Is.EqualTo(Scope(old)));
    }

    [Test]
    public void AlternativeNameStandsForAMissingSubject()
    {
        string[] scopes = [Scope(User("CN=CA", "", "spiffe://a")), Scope(User("CN=CA", "", "spiffe://b"))];

        Assert.That(scopes, Is.Unique);
    }

    [Test]
    public void NameThatTheApplicationGivesCertificatesIsNoCaller() => Assert.That(
        () => Scope(new(new ClaimsIdentity([new(ClaimTypes.Name, "payments")], "Certificate"))),
        Throws.ArgumentException.With.Message.Contains("certificate"));

    [Test]
    public void IdThatTheApplicationGivesCertificatesIsTheCaller()
    {
        var (one, other) = (User("CN=CA", "CN=a"), User("CN=CA", "CN=b"));
        ((ClaimsIdentity)one.Identity!).AddClaim(new(ClaimTypes.NameIdentifier, "customer 7"));
        ((ClaimsIdentity)other.Identity!).AddClaim(new(ClaimTypes.NameIdentifier, "customer 7"));

        Assert.That(Scope(one), Is.EqualTo(Scope(other)));
    }

    [Test]
    public void IdThatTheApplicationGivesCertificatesOfSeveralIssuersIsNotOneCaller()
    {
        var (one, other) = (User("CN=CA 1", "CN=payments"), User("CN=CA 2", "CN=payments"));
        ((ClaimsIdentity)one.Identity!).AddClaim(new(ClaimTypes.NameIdentifier, "payments"));
        ((ClaimsIdentity)other.Identity!).AddClaim(new(ClaimTypes.NameIdentifier, "payments"));

        Assert.That(Scope(one), Is.Not.EqualTo(Scope(other)));
    }

    [Test]
    public void UsersBehindOneCertificateDoNotShareAScope()
    {
        string[] scopes =
        [
            .. new[] { "alice", "bob" }.Select(name => Scope(new(
                [.. User("CN=CA", "CN=gateway").Identities, new ClaimsIdentity([new(ClaimTypes.Name, name)], "Bearer")]))),
        ];

        Assert.That(scopes, Is.Unique);
    }

    private static string Scope(ClaimsPrincipal user) => IdempotencyScope.OfUser(user).Value;

    /// <summary>The claims that Microsoft.AspNetCore.Authentication.Certificate makes of a new certificate.</summary>
    private static ClaimsPrincipal User(string issuer, string subject, string? uri = null)
    {
        using var certificate = Issue(issuer, subject, uri);
        List<Claim> claims =
        [
            new("issuer", certificate.Issuer),
            new(ClaimTypes.Thumbprint, certificate.Thumbprint),
            new(ClaimTypes.X500DistinguishedName, certificate.SubjectName.Name),
            new(ClaimTypes.SerialNumber, certificate.SerialNumber),
            new(ClaimTypes.Name, certificate.GetNameInfo(X509NameType.SimpleName, false)),
            new(ClaimTypes.Uri, certificate.GetNameInfo(X509NameType.UrlName, false)),
        ];
        claims.RemoveAll(claim => claim.Value.Length == 0);
        return new(new ClaimsIdentity(claims, "Certificate"));
    }

    private static X509Certificate2 Issue(string issuer, string subject, string? uri)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        if (uri is not null)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddUri(new Uri(uri));
            request.CertificateExtensions.Add(names.Build());
        }

        var now = DateTimeOffset.UtcNow;
        return request.Create(
            new X500DistinguishedName(issuer), X509SignatureGenerator.CreateForECDsa(key), now.AddDays(-1), now.AddDays(1),
            RandomNumberGenerator.GetBytes(8));
    }
}
